from pipeline.textcoder.fixedpoint import *
