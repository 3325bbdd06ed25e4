"""Read a model file in GGUF: its metadata and its tensors.

The format is that of ggml (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), version 3: little-endian
numbers, strings behind their length in 8 bytes. Only what the file of `weights` holds is read: tensors of 32-bit
numbers, and of blocks of 32 numbers with common scales (`Q4_1`, `Q8_0`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC, VERSION = b"GGUF", 3
ALIGNMENT = 32
"""Tensors begin at multiples of it, since the file does not say otherwise."""
BLOCK = 32
"""Numbers of a block."""

_NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_F32, _Q4_1, _Q8_0 = 0, 3, 8
_FOUR_BITS = np.dtype([("scale", "<f2"), ("least", "<f2"), ("pairs", "u1", BLOCK // 2)])
_EIGHT_BITS = np.dtype([("scale", "<f2"), ("values", "i1", BLOCK)])
_KINDS = {_F32: (np.dtype("<f4"), 1), _Q4_1: (_FOUR_BITS, BLOCK), _Q8_0: (_EIGHT_BITS, BLOCK)}
"""Number of a tensor's kind -> one element of the file, and how many of its numbers that holds."""


class ModelFile:
    """A model file, whose tensors are made when they are asked for."""

    def __init__(self, content: bytes) -> None:
        """Read the list of contents.

        Raises:
            ValueError: `content` is no such file.
        """
        self._content, self._at = content, 4
        if content[:4] != MAGIC or self._number("<I") != VERSION:
            raise ValueError(f"no model file in GGUF of version {VERSION}")
        tensors, entries = self._number("<Q"), self._number("<Q")
        self.metadata: dict[str, Any] = {}
        """What the file says of the model: numbers, strings and lists of them, by name."""
        for _ in range(entries):
            name = self._string()
            self.metadata[name] = self._value(self._number("<I"))
        self._tensors: dict[str, tuple[tuple[int, ...], int, int]] = {}
        for _ in range(tensors):
            name = self._string()
            shape = tuple(self._number("<Q") for _ in range(self._number("<I")))
            self._tensors[name] = shape[::-1], self._number("<I"), self._number("<Q")
        self._start = -(-self._at // ALIGNMENT) * ALIGNMENT

    def tensor(self, name: str) -> NDArray[np.float32]:
        """Return a tensor, its last axis the one that lies densest in the file.

        Raises:
            KeyError: the file has no such tensor.
            ValueError: it is of a kind that is not read here, or the file ends in it.
        """
        shape, kind, blocks = self._blocks(name)
        return _numbers(blocks, kind).reshape(shape)

    def rows(self, name: str, count: int) -> Iterator[NDArray[np.float32]]:
        """Yield a matrix in parts of `count` rows, the last of which may have fewer; raises as `tensor`."""
        (rows, columns), kind, blocks = self._blocks(name)
        step = count * len(blocks) // rows
        for start in range(0, len(blocks), step):
            yield _numbers(blocks[start : start + step], kind).reshape(-1, columns)

    def _blocks(self, name: str) -> tuple[tuple[int, ...], int, NDArray[Any]]:
        shape, kind, offset = self._tensors[name]
        if kind not in _KINDS:
            raise ValueError(f"the tensor {name} is of kind {kind}, which is not read here")
        element, numbers = _KINDS[kind]
        return shape, kind, np.frombuffer(self._content, element, prod(shape) // numbers, self._start + offset)

    def _number(self, kind: str) -> Any:
        try:
            (value,) = struct.unpack_from(kind, self._content, self._at)
        except struct.error as error:
            raise ValueError("the model file ends early") from error
        self._at += struct.calcsize(kind)
        return value

    def _string(self) -> str:
        length = self._number("<Q")
        self._at += length
        return self._content[self._at - length : self._at].decode("utf-8")

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            inner = self._number("<I")
            return [self._value(inner) for _ in range(self._number("<Q"))]
        return self._number(_NUMBERS[kind])


def _numbers(blocks: NDArray[Any], kind: int) -> NDArray[np.float32]:
    """Return the numbers of blocks. Every operation is one of IEEE 754 in 32 bits, so all machines get the same."""
    if kind == _F32:
        return blocks.astype(np.float32)
    scale = blocks["scale"].astype(np.float32)[:, np.newaxis]
    if kind == _Q8_0:
        values: NDArray[np.float32] = scale * blocks["values"]
        return values
    pairs = blocks["pairs"]
    values = np.concatenate((pairs & 15, pairs >> 4), axis=1).astype(np.float32)
    values *= scale
    values += blocks["least"].astype(np.float32)[:, np.newaxis]
    return values
