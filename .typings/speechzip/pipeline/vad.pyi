from pipeline.vad import *
