from pipeline.textcoder.weights import *
