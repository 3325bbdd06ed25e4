from voices.clip import *
