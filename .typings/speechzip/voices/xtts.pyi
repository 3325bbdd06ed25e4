from voices.xtts import *
