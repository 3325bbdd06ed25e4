from pipeline.names import *
