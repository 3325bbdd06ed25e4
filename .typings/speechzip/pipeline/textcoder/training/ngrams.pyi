from pipeline.textcoder.training.ngrams import *
