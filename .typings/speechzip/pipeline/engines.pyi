from pipeline.engines import *
