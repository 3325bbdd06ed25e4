from pipeline.live.web import *
