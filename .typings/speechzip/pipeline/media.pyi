from pipeline.media import *
