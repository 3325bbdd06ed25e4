from pipeline.live.link import *
