from eval.types import *
