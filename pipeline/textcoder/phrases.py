"""Phrases: the most frequent runs of two and three tokens, each with its own embedding.

The network's input is the token's embedding plus that of the longest phrase that the token ends:

    ... thank you very          " very", and the phrase " thank| you| very"
    ... he is very              " very", and the phrase " is| very"
    ... quite very              " very" alone

An embedding takes a look-up, not a product, so phrases add knowledge and hardly any time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .tokens import START

TOKEN_BITS = 12
"""An id has 12 bits in a phrase's key."""


def phrase_keys(before: int, last: int, token: int) -> tuple[int, int]:
    """Return the keys of the phrases of three and of two tokens that `token` ends after `before` and `last`."""
    pair = last << TOKEN_BITS | token
    return (before + 1) << (2 * TOKEN_BITS) | pair, pair


def phrase_rows(tokens: NDArray[np.int64], keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return for each token the index of the longest phrase that it ends, or len(keys) where none is known.

    tokens: [count], those of one conversation, from `START` on. keys: [phrases], increasing.
    """
    padded = np.concatenate(([START, START], tokens))
    pairs = (padded[1:-1] << TOKEN_BITS | padded[2:]).astype(np.uint64)
    triples = (padded[:-2] + 1).astype(np.uint64) << np.uint64(2 * TOKEN_BITS) | pairs
    rows = np.full(len(tokens), len(keys), np.int64)
    if len(keys):
        for wanted in (pairs, triples):
            found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            known = keys[found] == wanted
            rows[known] = found[known]
    return rows
