from eval.codecs.text import *
