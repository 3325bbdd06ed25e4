from eval.steps import *
