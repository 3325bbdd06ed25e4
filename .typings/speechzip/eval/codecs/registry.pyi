from eval.codecs.registry import *
