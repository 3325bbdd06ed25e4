from pipeline.live.demo import *
