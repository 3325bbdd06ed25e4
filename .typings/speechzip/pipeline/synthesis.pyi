from pipeline.synthesis import *
