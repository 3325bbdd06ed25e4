from pipeline.textcoder.training.shares import *
