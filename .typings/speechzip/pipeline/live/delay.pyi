from pipeline.live.delay import *
