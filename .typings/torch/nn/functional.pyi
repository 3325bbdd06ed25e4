# Types of the parts of torch.nn.functional that speechzip uses.
from .. import Tensor

def interpolate(input: Tensor, *, scale_factor: float, mode: str) -> Tensor: ...
