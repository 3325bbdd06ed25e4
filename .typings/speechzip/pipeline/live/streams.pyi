from pipeline.live.streams import *
