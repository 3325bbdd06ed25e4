from pipeline.mpeg import *
