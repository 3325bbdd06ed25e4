from voices.abbreviations import *
