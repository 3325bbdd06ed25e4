from eval.report import *
