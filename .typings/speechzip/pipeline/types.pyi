from pipeline.types import *
