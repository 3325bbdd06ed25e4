from pipeline.live.reports import *
