from eval.metrics.naturalness import *
