from eval.corpora.ljspeech import *
