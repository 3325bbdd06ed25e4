from pipeline.spooling import *
