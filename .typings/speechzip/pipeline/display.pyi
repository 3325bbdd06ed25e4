from pipeline.display import *
