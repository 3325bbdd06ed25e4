from pipeline.channels import *
