from eval.corpora.layouts import *
