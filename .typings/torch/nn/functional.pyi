# What speechzip uses of torch.nn.functional, typed.
from .. import Tensor

def interpolate(input: Tensor, *, scale_factor: float, mode: str) -> Tensor: ...
