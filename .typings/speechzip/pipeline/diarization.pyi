from pipeline.diarization import *
