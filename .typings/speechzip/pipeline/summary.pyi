from pipeline.summary import *
