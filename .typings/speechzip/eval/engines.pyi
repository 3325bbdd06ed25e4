from eval.engines import *
