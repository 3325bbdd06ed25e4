from pipeline.containers import *
