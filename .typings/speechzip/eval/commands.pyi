from eval.commands import *
