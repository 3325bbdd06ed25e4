from pipeline.live.talker import *
