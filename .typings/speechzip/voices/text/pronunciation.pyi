from voices.text.pronunciation import *
