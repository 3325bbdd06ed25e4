from voices.melspectrum import *
