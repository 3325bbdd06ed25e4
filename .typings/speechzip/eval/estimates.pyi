from eval.estimates import *
