from voices.loudness import *
