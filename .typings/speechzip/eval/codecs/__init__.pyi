from eval.codecs import *
