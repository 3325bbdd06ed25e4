from pipeline.live.extras import *
