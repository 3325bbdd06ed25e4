from pipeline.textcoder.coder import *
