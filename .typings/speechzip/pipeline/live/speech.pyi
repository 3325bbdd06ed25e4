from pipeline.live.speech import *
