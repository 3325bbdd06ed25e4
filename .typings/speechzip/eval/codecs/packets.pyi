from eval.codecs.packets import *
