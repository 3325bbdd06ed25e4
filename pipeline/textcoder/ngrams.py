"""Continuations of the last few tokens in the training text: a pruned table of n-grams.

The table is a trie, one level for each length of n-gram, its nodes in the order of their tokens:

    level 0  |  i  |  you  | ...          every token, by id
    level 1  |  i am  |  i 'm  | ...      the 2-grams, grouped by their first token
    level 2  |  i am a  | ...             the 3-grams, grouped by their 2-gram

A node has its last token, the code of its count and the number of its children. The file stores the three
separately, because they compress better (`pack_level`). A node's children start at the sum of the numbers before it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .fixedpoint import Int64Array

MAX_TOKENS = 4096
"""Largest vocabulary of the table: an id has 12 bits."""

UNKNOWN = -1
"""In place of a node: the table does not have these tokens."""
FEW = 24
"""So many followers take less time one by one than as arrays."""
_KEPT = 1024  # contexts that stay at hand, 3 kB each in the mean: most of those in a text come again


class Crowd:
    """The many tokens that followed a context, and how often each did."""

    __slots__ = ("counts", "tokens")

    def __init__(self, tokens: NDArray[np.intp], counts: Int64Array) -> None:
        self.tokens = tokens
        """Increasing."""
        self.counts = counts

    def __len__(self) -> int:
        return len(self.tokens)

    def get(self, token: int, default: int) -> int:
        """Return the count of a token; `default` if it is none of these."""
        at = int(self.tokens.searchsorted(token))
        return int(self.counts[at]) if at < len(self.tokens) and self.tokens[at] == token else default


class Followers(NamedTuple):
    """The tokens that followed a context."""

    counts: dict[int, int] | Crowd
    """How often each did."""
    total: int
    """How often any did."""


class _Level(NamedTuple):
    """The n-grams of one length. Single numbers come faster from a `memoryview` than from an array."""

    starts: memoryview[int]
    """Where the children of each parent start, and the end."""
    tokens: memoryview[int]
    """The last token of each n-gram."""
    codes: memoryview[int]
    """The code of its count."""


class NgramTable:
    """Look up the continuations of a context."""

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self._counts = arrays["ngrams.counts"].astype(np.int64)
        self._levels: list[_Level] = []
        parents = MAX_TOKENS
        while f"ngrams.{len(self._levels) + 1}.steps" in arrays:
            starts, tokens, codes = _unpack_level(arrays, len(self._levels) + 1, parents)
            self._levels.append(_Level(starts.data, tokens.data, codes.data))
            parents = len(tokens)
        self.levels = len(self._levels)
        """Tokens of the longest context."""
        self.followers = lru_cache(_KEPT)(self._followers)
        """`followers(length, node)`: the tokens after a context, increasing, or None if none is known. The context has
        `length` tokens, from 1 to the number of levels, and is the node `extended(...)[length - 1]`."""

    def extended(self, nodes: Sequence[int], token: int) -> list[int]:
        """Return the nodes of the last 1, 2, 3... tokens with `token` behind them, or `UNKNOWN`.

        nodes: the result for the token before, empty at first.
        """
        found = [token]
        for (starts, tokens, _), node in zip(self._levels[:-1], nodes, strict=False):
            if node != UNKNOWN:
                end = starts[node + 1]
                node = bisect_left(tokens, token, starts[node], end)
                if node == end or tokens[node] != token:
                    node = UNKNOWN
            found.append(node)
        return found

    def _followers(self, length: int, node: int) -> Followers | None:
        if node == UNKNOWN:
            return None
        starts, tokens, codes = self._levels[length - 1]
        start, end = starts[node], starts[node + 1]
        if start == end:
            return None
        counts = self._counts.take(np.asarray(codes[start:end]))
        total = int(np.add.reduce(counts))
        if end - start > FEW:
            return Followers(Crowd(np.array(tokens[start:end], np.intp), counts), total)
        return Followers(dict(zip(tokens[start:end].tolist(), counts.tolist(), strict=True)), total)


def pack_level(
    level: int, children: Int64Array, tokens: Int64Array, codes: Int64Array
) -> dict[str, NDArray[np.generic]]:
    """Return a level as arrays for the weights file.

    Args:
        level: from 1 on.
        children: [nodes of the level before], number of children of each.
        tokens: [sum of children], the last token of each node, increasing among the children of one parent.
        codes: [sum of children], 0 to 15, the code of each node's count.
    """
    steps = np.diff(tokens, prepend=0) & (MAX_TOKENS - 1)
    some = children[children > 0] - 1
    return {
        f"ngrams.{level}.parents": np.packbits(children > 0),
        f"ngrams.{level}.children": np.minimum(some, 255).astype(np.uint8),
        f"ngrams.{level}.crowds": some[some >= 255].astype(np.uint16),
        f"ngrams.{level}.steps": (steps & 255).astype(np.uint8),
        f"ngrams.{level}.leaps": _pack_nibbles(steps >> 8),
        f"ngrams.{level}.codes": _pack_nibbles(codes),
    }


def _unpack_level(
    arrays: Mapping[str, NDArray[np.generic]], level: int, parents: int
) -> tuple[NDArray[np.int32], NDArray[np.int16], NDArray[np.uint8]]:
    """Return (where the children of each parent start, and the end; the nodes' tokens; their count codes)."""
    some = arrays[f"ngrams.{level}.children"].astype(np.int32)
    some[some == 255] = arrays[f"ngrams.{level}.crowds"]
    children = np.zeros(parents + 1, np.int32)
    has_children = np.unpackbits(arrays[f"ngrams.{level}.parents"].view(np.uint8), count=parents)
    children[1:][has_children.view(np.bool_)] = some + 1
    starts = np.cumsum(children, dtype=np.int32)
    nodes = int(starts[-1])
    steps = arrays[f"ngrams.{level}.steps"].astype(np.uint32)
    steps |= _unpack_nibbles(arrays[f"ngrams.{level}.leaps"], nodes).astype(np.uint32) << 8
    tokens = np.cumsum(steps, dtype=np.uint32) & (MAX_TOKENS - 1)
    return starts, tokens.astype(np.int16), _unpack_nibbles(arrays[f"ngrams.{level}.codes"], nodes)


def _pack_nibbles(values: Int64Array) -> NDArray[np.uint8]:
    even = np.pad(values, (0, len(values) % 2))
    return (even[::2] << 4 | even[1::2]).astype(np.uint8)


def _unpack_nibbles(packed: NDArray[np.generic], count: int) -> NDArray[np.uint8]:
    pairs = packed.astype(np.uint8)
    return np.stack((pairs >> 4, pairs & 15), axis=1).ravel()[:count].astype(np.uint8, copy=False)
