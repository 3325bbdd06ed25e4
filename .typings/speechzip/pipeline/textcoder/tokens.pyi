from pipeline.textcoder.tokens import *
