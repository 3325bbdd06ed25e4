from voices.networks import *
