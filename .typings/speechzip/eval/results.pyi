from eval.results import *
