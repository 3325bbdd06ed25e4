from pipeline.live.conversation import *
