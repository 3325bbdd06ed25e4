from voices.spoken import *
