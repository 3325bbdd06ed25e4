from voices.text.unknown import *
