from pipeline.live.party import *
