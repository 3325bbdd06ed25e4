from pipeline.naming import *
