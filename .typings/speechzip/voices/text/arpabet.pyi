from voices.text.arpabet import *
