from eval.text_coders import *
