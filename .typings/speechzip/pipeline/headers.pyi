from pipeline.headers import *
