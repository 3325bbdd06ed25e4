from voices.store import *
