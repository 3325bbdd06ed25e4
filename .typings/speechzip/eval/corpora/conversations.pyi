from eval.corpora.conversations import *
