from pipeline.threads import *
