from pipeline.live.security import *
