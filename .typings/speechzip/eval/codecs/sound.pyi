from eval.codecs.sound import *
