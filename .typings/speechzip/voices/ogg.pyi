from voices.ogg import *
