from voices.classical import *
