from pipeline.textcoder.rangecoder import *
