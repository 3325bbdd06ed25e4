from eval import *
