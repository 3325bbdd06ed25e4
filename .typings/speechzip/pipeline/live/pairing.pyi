from pipeline.live.pairing import *
