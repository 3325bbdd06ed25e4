from pipeline.languages import *
