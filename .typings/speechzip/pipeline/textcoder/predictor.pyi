from pipeline.textcoder.predictor import *
