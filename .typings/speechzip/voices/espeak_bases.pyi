from voices.espeak_bases import *
