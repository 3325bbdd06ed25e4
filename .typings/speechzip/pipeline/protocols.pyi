from pipeline.protocols import *
