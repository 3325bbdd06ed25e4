from eval.similarity import *
