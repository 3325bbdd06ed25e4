from eval.metrics.memory import *
