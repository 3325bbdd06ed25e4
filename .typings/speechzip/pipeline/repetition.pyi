from pipeline.repetition import *
