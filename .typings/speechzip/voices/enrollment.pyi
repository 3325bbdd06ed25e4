from voices.enrollment import *
