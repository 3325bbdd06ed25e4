from pipeline.live.pairs import *
