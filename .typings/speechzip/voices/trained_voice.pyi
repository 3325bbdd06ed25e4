from voices.trained_voice import *
