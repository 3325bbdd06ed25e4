from eval.pool import *
