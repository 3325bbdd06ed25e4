from pipeline.textcoder.training.streams import *
