from voices.training.recordings import *
