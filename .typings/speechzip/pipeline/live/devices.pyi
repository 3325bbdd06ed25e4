from pipeline.live.devices import *
