from pipeline.files import *
