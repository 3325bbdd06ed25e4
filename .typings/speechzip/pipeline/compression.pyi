from pipeline.compression import *
