from pipeline.downmix import *
