from pipeline.textcoder import *
