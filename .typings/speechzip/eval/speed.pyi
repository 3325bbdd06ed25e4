from eval.speed import *
