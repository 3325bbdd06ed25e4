from voices.licences import *
