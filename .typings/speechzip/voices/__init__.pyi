from voices import *
