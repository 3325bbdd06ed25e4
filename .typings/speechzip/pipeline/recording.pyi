from pipeline.recording import *
