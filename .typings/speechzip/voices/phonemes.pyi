from voices.phonemes import *
