from pipeline.moonshine import *
