from voices.synthesizer import *
