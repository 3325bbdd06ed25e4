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
_ONES = np.array([byte.bit_count() for byte in range(256)], np.uint8)
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

    parents: memoryview[int]
    """Which nodes of the level before have children: 64 a word, the first one in its highest bit."""
    ranks: memoryview[int]
    """How many have some before each word."""
    starts: memoryview[int]
    """Where the children of each node that has some start, and the end."""
    tokens: memoryview[int]
    """The last token of each n-gram."""
    codes: NDArray[np.uint8]
    """The codes of the counts of two n-grams a byte, as in the file."""

    def children(self, parent: int) -> tuple[int, int]:
        """Return where the children of a node of the level before start and end."""
        word, place = self.parents[parent >> 6], parent & 63
        if not word >> (63 - place) & 1:
            return 0, 0
        rank = self.ranks[parent >> 6] + (word >> (64 - place)).bit_count()
        return self.starts[rank], self.starts[rank + 1]


class NgramTable:
    """Look up the continuations of a context."""

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        counts = arrays["ngrams.counts"].astype(np.int64)
        self._counts = np.stack((counts.repeat(len(counts)), np.tile(counts, len(counts))), axis=1)  # of two codes
        self._levels: list[_Level] = []
        while f"ngrams.{len(self._levels) + 1}.steps" in arrays:
            self._levels.append(_unpack_level(arrays, len(self._levels) + 1))
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
        for level, node in zip(self._levels[:-1], nodes, strict=False):
            if node != UNKNOWN:
                start, end = level.children(node)
                node = bisect_left(level.tokens, token, start, end)
                if node == end or level.tokens[node] != token:
                    node = UNKNOWN
            found.append(node)
        return found

    def _followers(self, length: int, node: int) -> Followers | None:
        if node == UNKNOWN:
            return None
        level = self._levels[length - 1]
        start, end = level.children(node)
        if start == end:
            return None
        tokens, first = level.tokens[start:end], start & 1
        counts = self._counts.take(level.codes[start >> 1 : (end + 1) >> 1], axis=0).ravel()
        counts = counts[first : first + end - start]
        total = int(np.add.reduce(counts))
        if end - start > FEW:
            return Followers(Crowd(np.array(tokens, np.intp), counts), total)
        return Followers(dict(zip(tokens.tolist(), counts.tolist(), strict=True)), total)


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


def _unpack_level(arrays: Mapping[str, NDArray[np.generic]], level: int) -> _Level:
    """Return a level, ready to be searched. Loading takes longer than coding a sentence: no step is too many."""
    bits = arrays[f"ngrams.{level}.parents"].view(np.uint8)
    bits = np.pad(bits, (0, -len(bits) % 8))
    ones = _ONES.take(bits).reshape(-1, 8).sum(axis=1)
    ranks = np.concatenate((np.zeros(1, np.int64), np.cumsum(ones, dtype=np.int64)))
    starts = np.zeros(int(ranks[-1]) + 1, np.int32)
    children = starts[1:]
    children[:] = arrays[f"ngrams.{level}.children"]
    children[children == 255] = arrays[f"ngrams.{level}.crowds"]
    children += 1
    np.cumsum(children, out=children)
    low, high = arrays[f"ngrams.{level}.steps"].view(np.uint8), arrays[f"ngrams.{level}.leaps"].view(np.uint8)
    steps = np.empty((len(low), 2), np.uint8)  # little-endian numbers
    steps[:, 0] = low
    steps[::2, 1] = high >> 4
    steps[1::2, 1] = high[: len(low) // 2] & 15
    tokens = np.cumsum(steps.view("<u2").ravel(), dtype=np.uint16)  # what overflows is a multiple of `MAX_TOKENS`
    tokens &= MAX_TOKENS - 1
    parents = bits.view(">u8").astype(np.uint64)
    return _Level(parents.data, ranks.data, starts.data, tokens.data, arrays[f"ngrams.{level}.codes"].view(np.uint8))


def _pack_nibbles(values: Int64Array) -> NDArray[np.uint8]:
    even = np.pad(values, (0, len(values) % 2))
    return (even[::2] << 4 | even[1::2]).astype(np.uint8)
