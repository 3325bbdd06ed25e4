from pipeline.live.lines import *
