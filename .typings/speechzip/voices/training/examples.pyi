from voices.training.examples import *
