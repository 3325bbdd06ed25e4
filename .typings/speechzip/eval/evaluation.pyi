from eval.evaluation import *
