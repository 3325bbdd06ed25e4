from pipeline.textcoders import *
