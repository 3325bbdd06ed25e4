from pipeline.live.playback import *
