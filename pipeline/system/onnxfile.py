"""Read the arrays of a network in ONNX's format, without the `onnx` library.

The file is a Protocol Buffers message (protobuf.dev/programming-guides/encoding). Its fields are those of onnx.proto3:
ModelProto.graph = 7, GraphProto.initializer = 5, TensorProto.dims = 1, data_type = 2, name = 8, raw_data = 9.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from .varint import decode_varint

GRAPH, INITIALIZER = 7, 5
DIMENSIONS, DATA_TYPE, NAME, RAW_DATA = 1, 2, 8, 9

TYPES = {1: "<f4", 2: "u1", 3: "i1", 6: "<i4", 7: "<i8"}
"""TensorProto.DataType, those that weights have."""

VARINT, BYTES, FIXED = 0, 2, {1: 8, 5: 4}
"""Wire types: a number, a length and so many bytes, and those of fixed length."""


def arrays_of(model: bytes) -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays of a network by their names, as views of the file.

    Args:
        model: content of the file.

    Raises:
        ValueError: it has another layout.
    """
    try:
        graphs = [graph for number, graph in _fields(memoryview(model)) if number == GRAPH]
        tensors = [tensor for graph in graphs for number, tensor in _fields(graph) if number == INITIALIZER]
        arrays = dict(map(_array, tensors))
    except (EOFError, KeyError, ValueError, TypeError) as error:
        raise ValueError(f"the network's file has another layout ({error!r})") from error
    if not arrays:
        raise ValueError("the network's file has another layout (no arrays)")
    return arrays


def _array(tensor: memoryview) -> tuple[str, npt.NDArray[np.generic]]:
    fields = list(_fields(tensor))
    values = dict(fields)
    shape = [value for number, value in fields if number == DIMENSIONS]
    array = np.frombuffer(values[RAW_DATA], TYPES[values[DATA_TYPE]]).reshape(shape)
    return bytes(values[NAME]).decode(), array


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Yield the number and the value of each field: a number, or the bytes of anything else."""
    position = 0
    while position < len(message):
        key, position = decode_varint(message, position)
        number, wire_type = key >> 3, key & 7
        if wire_type == VARINT:
            value, position = decode_varint(message, position)
            yield number, value
            continue
        length, position = decode_varint(message, position) if wire_type == BYTES else (FIXED[wire_type], position)
        if position + length > len(message):
            raise EOFError
        yield number, message[position : position + length]
        position += length
