from pipeline.live.loudspeaker import *
