from eval.metrics.onsets import *
