from voices.sentences import *
