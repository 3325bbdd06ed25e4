from pipeline.textcoder.network import *
