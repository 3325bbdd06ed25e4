from pipeline.bits import *
