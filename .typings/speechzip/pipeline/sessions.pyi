from pipeline.sessions import *
