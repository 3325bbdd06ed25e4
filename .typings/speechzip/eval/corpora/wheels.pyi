from eval.corpora.wheels import *
