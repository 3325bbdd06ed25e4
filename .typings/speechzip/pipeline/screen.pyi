from pipeline.screen import *
