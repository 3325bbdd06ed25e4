from eval.corpora.tables import *
