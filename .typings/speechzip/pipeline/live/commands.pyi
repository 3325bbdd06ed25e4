from pipeline.live.commands import *
