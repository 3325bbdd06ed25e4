from pipeline.crosstalk import *
