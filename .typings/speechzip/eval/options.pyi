from eval.options import *
