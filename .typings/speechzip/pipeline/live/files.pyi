from pipeline.live.files import *
