# What speechzip uses of torch.random, typed.
from contextlib import AbstractContextManager

def fork_rng() -> AbstractContextManager[None]: ...
