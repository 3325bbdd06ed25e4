from eval.words import *
