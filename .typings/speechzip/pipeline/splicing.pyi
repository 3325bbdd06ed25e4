from pipeline.splicing import *
