from pipeline.decompression import *
