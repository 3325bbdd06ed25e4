from pipeline.live.merging import *
