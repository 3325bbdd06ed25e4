"""Write a network as an ONNX model, from arrays: what onnxruntime needs of the format, and no more.

An ONNX model is a Protocol Buffers message. Its fields and their numbers are those of `onnx.proto3`
(https://github.com/onnx/onnx); the package `onnx`, which could write it too, is larger than speechzip.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..payload.coding.varint import encode_varint

IR_VERSION, OPERATOR_SET = 8, 18

_TYPES = {"uint8": 2, "int8": 3, "int32": 6, "int64": 7, "float64": 11}  # TensorProto.DataType
_INTEGER = 2  # AttributeProto.AttributeType


class Graph:
    """A network that grows node by node; a value in it goes by its name.

    Example:
        >>> graph = Graph()
        >>> numbers = graph.input("numbers", "float64", [3])
        >>> graph.output(graph.node("Add", numbers, numbers), "float64", [3])
        >>> from speechzip.pipeline.system.inference import open_session
        >>> open_session(graph.model()).run(None, {"numbers": np.array([1.0, 2.0, 4.0])})[0].tolist()
        [2.0, 4.0, 8.0]
    """

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []
        self._values = 0

    def input(self, name: str, dtype: str, shape: Sequence[int]) -> str:
        """Declare an input, and return its name."""
        self._inputs.append(_value_info(name, dtype, shape))
        return name

    def output(self, value: str, dtype: str, shape: Sequence[int]) -> None:
        """Declare that `value` is an output, behind those before it."""
        self._outputs.append(_value_info(value, dtype, shape))

    def constant(self, array: NDArray[np.generic]) -> str:
        """Add an array, and return its name."""
        name = self._name()
        contiguous = np.ascontiguousarray(array)
        little_endian = contiguous.astype(contiguous.dtype.newbyteorder("<"), copy=False)
        tensor = b"".join(_number(1, length) for length in array.shape)
        tensor += _number(2, _TYPES[array.dtype.name]) + _bytes(8, name.encode()) + _bytes(9, little_endian.tobytes())
        self._constants.append(tensor)
        return name

    def node(self, operator: str, *inputs: str, **attributes: int) -> str:
        """Apply an operator, and return the name of its only result."""
        return self.nodes(operator, 1, *inputs, **attributes)[0]

    def nodes(self, operator: str, count: int, *inputs: str, **attributes: int) -> list[str]:
        """Apply an operator, and return the names of its `count` results."""
        results = [self._name() for _ in range(count)]
        self._nodes.append(_node(operator, inputs, results, attributes))
        return results

    def cast(self, value: str, dtype: str) -> str:
        """Convert to another type, and return the name of the result."""
        return self.node("Cast", value, to=_TYPES[dtype])

    def model(self) -> bytes:
        """Return the model, as `open_session` takes it."""
        graph = b"".join(_bytes(1, node) for node in self._nodes) + _bytes(2, b"graph")
        graph += b"".join(_bytes(5, constant) for constant in self._constants)
        graph += b"".join(_bytes(11, value) for value in self._inputs)
        graph += b"".join(_bytes(12, value) for value in self._outputs)
        return _number(1, IR_VERSION) + _bytes(7, graph) + _bytes(8, _number(2, OPERATOR_SET))

    def _name(self) -> str:
        self._values += 1
        return f"value{self._values}"


def _node(operator: str, inputs: Sequence[str], outputs: Sequence[str], attributes: dict[str, int]) -> bytes:
    code = b"".join(_bytes(1, name.encode()) for name in inputs)
    code += b"".join(_bytes(2, name.encode()) for name in outputs) + _bytes(4, operator.encode())
    for name, value in attributes.items():
        code += _bytes(5, _bytes(1, name.encode()) + _number(3, value) + _number(20, _INTEGER))
    return code


def _value_info(name: str, dtype: str, shape: Sequence[int]) -> bytes:
    dimensions = b"".join(_bytes(1, _number(1, length)) for length in shape)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _number(1, _TYPES[dtype]) + _bytes(2, dimensions)))


def _number(field: int, value: int) -> bytes:
    return encode_varint(field << 3) + encode_varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return encode_varint(field << 3 | 2) + encode_varint(len(value)) + value
