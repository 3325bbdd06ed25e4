from voices.x_vector_mean import *
