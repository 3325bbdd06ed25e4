# Types of the parts of onnx.numpy_helper that the tests use.
from typing import Any

import numpy.typing as npt

from . import TensorProto

def from_array(tensor: npt.NDArray[Any], name: str) -> TensorProto: ...
