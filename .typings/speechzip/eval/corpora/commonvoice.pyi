from eval.corpora.commonvoice import *
