from eval.fingerprints import *
