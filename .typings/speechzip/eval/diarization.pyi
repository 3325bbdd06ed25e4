from eval.diarization import *
