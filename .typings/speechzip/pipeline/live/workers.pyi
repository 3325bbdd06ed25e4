from pipeline.live.workers import *
