from voices.tokens import *
