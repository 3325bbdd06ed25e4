from voices.matching import *
