from pipeline.live import *
