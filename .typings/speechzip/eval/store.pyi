from eval.store import *
