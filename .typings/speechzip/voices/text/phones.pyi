from voices.text.phones import *
