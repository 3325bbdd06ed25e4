from pipeline.payload import *
