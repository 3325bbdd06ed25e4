from pipeline.textcoder.training.recipe import *
