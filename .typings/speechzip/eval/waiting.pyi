from eval.waiting import *
