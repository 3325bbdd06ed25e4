from pipeline.silero import *
