from voices.pitch import *
