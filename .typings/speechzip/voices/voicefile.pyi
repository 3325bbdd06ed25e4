from voices.voicefile import *
