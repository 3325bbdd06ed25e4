from pipeline.openai_whisper import *
