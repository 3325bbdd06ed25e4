from pipeline.soundfiles import *
