from eval.demo import *
