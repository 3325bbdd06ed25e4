"""Read a network in onnxruntime's own format: its tables, and the arrays in them.

The file is a FlatBuffer (flatbuffers.dev/internals): tables, vectors and strings that point to each other. The fields
are those of onnxruntime/core/flatbuffers/schema/ort.fbs, 4 + 2 * their number.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

SESSION_MODEL, MODEL_GRAPH, GRAPH_INITIALIZERS, GRAPH_NODES, GRAPH_OUTPUTS = 6, 18, 4, 8, 16
NODE_ATTRIBUTES, ATTRIBUTE_NAME, ATTRIBUTE_GRAPH = 24, 4, 18
TENSOR_NAME, TENSOR_DIMENSIONS, TENSOR_TYPE, TENSOR_DATA = 4, 8, 10, 12

Content = bytes | memoryview
"""Of a file."""

TYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64}
"""onnx.TensorProto.DataType, those that weights have."""


def graph(model: Content) -> int:
    """Return where the table of the graph lies."""
    session = follow(model, 0)
    return follow(model, field(model, follow(model, field(model, session, SESSION_MODEL)), MODEL_GRAPH))


def weights(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays of a network by their names, as views of the mapped file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not in this format.
    """
    try:
        with open(path, "rb") as file:
            content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        arrays = dict(_weights(content))
    except (struct.error, ValueError) as error:
        raise ValueError(f"the network's file has another layout ({error})") from error
    if not arrays:
        raise ValueError("the network's file has another layout (no arrays)")
    return arrays


def _weights(model: Content) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    for pointer in vector(model, field(model, graph(model), GRAPH_INITIALIZERS)):
        tensor = follow(model, pointer)
        type_at = field(model, tensor, TENSOR_TYPE)
        kind = TYPES.get(int(struct.unpack_from("<i", model, type_at)[0]) if type_at else 0)
        at = field(model, tensor, TENSOR_DATA)
        if kind is None or not at:
            continue
        start, size = _content(model, at)
        dimensions_at = field(model, tensor, TENSOR_DIMENSIONS)
        shape = ()
        if dimensions_at:
            first, count = _content(model, dimensions_at)
            shape = struct.unpack_from(f"<{count}q", model, first)
        array = np.frombuffer(model, kind, size // np.dtype(kind).itemsize, start)
        yield string(model, field(model, tensor, TENSOR_NAME)).decode(), array.reshape(shape)


def field(model: Content, table: int, place: int) -> int:
    """Return where a field of a table lies; 0 if it is not there, which is no place of any field."""
    (back,) = struct.unpack_from("<i", model, table)
    size, *_ = struct.unpack_from("<H", model, table - back)
    (offset,) = struct.unpack_from("<H", model, table - back + place) if place < size else (0,)
    return table + offset if offset else 0


def follow(model: Content, pointer: int) -> int:
    """Return what a pointer points to."""
    return pointer + int(struct.unpack_from("<I", model, pointer)[0])


def vector(model: Content, pointer: int) -> range:
    """Return where the elements of a vector of pointers lie; none if there is no such field."""
    if not pointer:
        return range(0)
    start, count = _content(model, pointer)
    return range(start, start + 4 * count, 4)


def string(model: Content, pointer: int) -> bytes:
    """Return a string."""
    start, length = _content(model, pointer)
    return bytes(model[start : start + length])


def _content(model: Content, pointer: int) -> tuple[int, int]:
    """Return where the content of a vector begins, and the number of its elements."""
    at = follow(model, pointer)
    return at + 4, int(struct.unpack_from("<I", model, at)[0])
