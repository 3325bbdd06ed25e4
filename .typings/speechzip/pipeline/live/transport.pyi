from pipeline.live.transport import *
