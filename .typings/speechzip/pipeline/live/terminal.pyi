from pipeline.live.terminal import *
