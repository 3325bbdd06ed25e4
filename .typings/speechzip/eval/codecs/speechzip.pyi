from eval.codecs.speechzip import *
