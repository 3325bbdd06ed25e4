from voices.trained import *
