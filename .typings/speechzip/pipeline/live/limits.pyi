from pipeline.live.limits import *
