from pipeline.textcoder.training.corpus import *
