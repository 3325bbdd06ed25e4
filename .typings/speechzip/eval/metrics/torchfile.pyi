from eval.metrics.torchfile import *
