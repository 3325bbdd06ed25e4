from eval.summary import *
