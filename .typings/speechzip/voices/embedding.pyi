from voices.embedding import *
