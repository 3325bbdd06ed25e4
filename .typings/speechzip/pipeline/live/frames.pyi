from pipeline.live.frames import *
