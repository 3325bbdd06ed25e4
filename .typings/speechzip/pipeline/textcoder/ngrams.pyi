from pipeline.textcoder.ngrams import *
