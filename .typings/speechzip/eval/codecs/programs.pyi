from eval.codecs.programs import *
