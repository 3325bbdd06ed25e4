from voices.numerals import *
