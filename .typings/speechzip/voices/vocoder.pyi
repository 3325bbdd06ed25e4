from voices.vocoder import *
