from eval.observe import *
