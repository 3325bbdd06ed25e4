from voices.text.lexicon import *
