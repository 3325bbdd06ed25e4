from eval.corpora.librispeech import *
