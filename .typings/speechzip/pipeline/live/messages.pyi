from pipeline.live.messages import *
