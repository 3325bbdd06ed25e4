from eval.plan import *
