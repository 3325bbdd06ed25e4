from eval.corpora.manifest import *
