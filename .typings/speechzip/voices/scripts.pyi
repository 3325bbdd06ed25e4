from voices.scripts import *
