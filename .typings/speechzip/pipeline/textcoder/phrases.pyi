from pipeline.textcoder.phrases import *
