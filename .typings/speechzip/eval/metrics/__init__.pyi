from eval.metrics import *
