from voices.spectrum import *
