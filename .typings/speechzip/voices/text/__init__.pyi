from voices.text import *
