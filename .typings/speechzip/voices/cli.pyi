from voices.cli import *
