from eval.codecs.original import *
