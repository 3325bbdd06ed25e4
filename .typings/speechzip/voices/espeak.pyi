from voices.espeak import *
