from eval.metrics.voice import *
