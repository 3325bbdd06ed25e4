"""Write a network as an ONNX model, from arrays: what onnxruntime needs of the format, and no more.

An ONNX model is a Protocol Buffers message. Its fields and their numbers are those of `onnx.proto3`
(https://github.com/onnx/onnx); the package `onnx`, which could write it too, is larger than speechzip.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .varint import encode_varint

Field = list[bytes | memoryview]
"""A field of a message in pieces, joined once in the end: matrices are large, and so is the time to copy them."""

Attribute = int | float | Sequence[int]

IR_VERSION, OPERATOR_SET = 8, 18
FUSED = "com.microsoft"
"""The domain of onnxruntime's own operators (its ContribOperators.md), each of which stands for several of ONNX."""

_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "float64": 11}  # TensorProto.DataType
_FLOAT, _INTEGER, _INTEGERS = 1, 2, 7  # AttributeProto.AttributeType


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
        self._nodes: Field = []
        self._constants: Field = []
        self._inputs: Field = []
        self._outputs: Field = []
        self._values = 0

    def input(self, name: str, dtype: str, shape: Sequence[int | str]) -> str:
        """Declare an input, and return its name. Lengths that may differ have names in its shape."""
        self._inputs += _value_info(11, name, dtype, shape)
        return name

    def output(self, value: str, dtype: str, shape: Sequence[int | str]) -> None:
        """Declare that `value` is an output, behind those before it."""
        self._outputs += _value_info(12, value, dtype, shape)

    def constant(self, array: NDArray[np.generic]) -> str:
        """Add an array, and return its name."""
        name = self._name()
        contiguous = np.ascontiguousarray(array)
        little_endian = contiguous.astype(contiguous.dtype.newbyteorder("<"), copy=False)
        tensor: Field = [_number(1, length) for length in array.shape]
        tensor += [_number(2, _TYPES[array.dtype.name]), *_text(8, name)]
        self._constants += _message(5, [*tensor, *_message(9, [little_endian.reshape(-1).view(np.uint8).data])])
        return name

    def node(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        """Apply an operator, and return the name of its only result."""
        return self.nodes(operator, 1, *inputs, **attributes)[0]

    def nodes(
        self, operator: str, results: int | Sequence[str | None], *inputs: str, **attributes: Attribute
    ) -> list[str]:
        """Apply an operator, and return the names of its results.

        Args:
            operator: one of ONNX, or one of `FUSED` with that and a dot before it.
            results: how many there are; or their names, None for one that gets a name, empty for one that is not made.
            inputs: names of values, empty for one that is not given.
            attributes: of the operator.
        """
        named = [None] * results if isinstance(results, int) else results
        names = [self._name() if name is None else name for name in named]
        self._nodes += _node(operator, inputs, names, attributes)
        return names

    def cast(self, value: str, dtype: str) -> str:
        """Convert to another type, and return the name of the result."""
        return self.node("Cast", value, to=_TYPES[dtype])

    def model(self) -> bytes:
        """Return the model, as `open_session` takes it."""
        graph = _message(7, [*self._nodes, *_text(2, "graph"), *self._constants, *self._inputs, *self._outputs])
        operators = [*_message(8, [_number(2, OPERATOR_SET)]), *_message(8, [*_text(1, FUSED), _number(2, 1)])]
        return b"".join([_number(1, IR_VERSION), *graph, *operators])

    def _name(self) -> str:
        self._values += 1
        return f"value{self._values}"


def _node(operator: str, inputs: Sequence[str], outputs: Sequence[str], attributes: dict[str, Attribute]) -> Field:
    node: Field = [piece for name in inputs for piece in _text(1, name)]
    node += [piece for name in outputs for piece in _text(2, name)]
    domain, _, kind = operator.rpartition(".")
    node += [*_text(4, kind), *_text(7, domain)]
    for name, value in attributes.items():
        node += _message(5, [*_text(1, name), *_attribute(value)])
    return _message(1, node)


def _attribute(value: Attribute) -> Field:
    if isinstance(value, int):
        return [_number(3, value), _number(20, _INTEGER)]
    if isinstance(value, float):
        return [encode_varint(2 << 3 | 5) + struct.pack("<f", value), _number(20, _FLOAT)]
    return [*(_number(8, each) for each in value), _number(20, _INTEGERS)]


def _value_info(field: int, name: str, dtype: str, shape: Sequence[int | str]) -> Field:
    lengths = ([_number(1, length)] if isinstance(length, int) else _text(2, length) for length in shape)
    dimensions = [piece for length in lengths for piece in _message(1, length)]
    tensor_type = _message(1, [_number(1, _TYPES[dtype]), *_message(2, dimensions)])
    return _message(field, [*_text(1, name), *_message(2, tensor_type)])


def _number(field: int, value: int) -> bytes:
    return encode_varint(field << 3) + encode_varint(value)


def _text(field: int, value: str) -> Field:
    return _message(field, [value.encode()])


def _message(field: int, pieces: Sequence[bytes | memoryview]) -> Field:
    return [encode_varint(field << 3 | 2) + encode_varint(sum(map(len, pieces))), *pieces]
