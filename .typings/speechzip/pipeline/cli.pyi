from pipeline.cli import *
