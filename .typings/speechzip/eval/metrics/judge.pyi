from eval.metrics.judge import *
