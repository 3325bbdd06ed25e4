from eval.conditions import *
