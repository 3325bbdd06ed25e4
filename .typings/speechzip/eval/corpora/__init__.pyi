from eval.corpora import *
