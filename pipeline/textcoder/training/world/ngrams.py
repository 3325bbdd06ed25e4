"""Count n-grams of characters and keep those that save the most bits.

Small texts need more care than the English one. N-grams that were seen once may stay. The value of an n-gram is the
bits that its discounted share saves against the shorter context (A. Stolcke, "Entropy-based pruning", 1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...fixedpoint import LOG_FRACTION, Int64Array
from ...ngrams import MAX_TOKENS, pack_level
from ..ngrams import count_codes, nearest_codes

LONGEST = 7
"""Characters of the longest n-grams: contexts have up to six."""
DISCOUNTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8)
"""Subtracted from each count of n-grams of 1, 2, ... characters (absolute discounting)."""
UNSEEN = 0.02
"""Count of a token that does not occur in the text."""


@dataclass(slots=True)
class _Level:
    """The n-grams of one length, ordered by their prefix, then by their last token."""

    context: Int64Array
    """Index of the prefix in the level above."""
    token: Int64Array
    """The last token."""
    count: Int64Array
    shorter: Int64Array
    """Index, in the level above, of the n-gram without its first token."""
    share: NDArray[np.float64]
    """Discounted share among what follows the prefix, the rest given by the shorter n-grams."""
    saving: NDArray[np.float64]
    """Bits saved in the training text against the shorter n-grams alone."""
    kept: NDArray[np.bool_]


def count_levels(tokens: Int64Array, vocabulary: int) -> list[_Level]:
    """Return every n-gram of the tokens, by length from 1 to `LONGEST`."""
    levels: list[_Level] = []
    ranks = np.zeros(len(tokens), np.int64)
    for length in range(1, LONGEST + 1):
        places = len(tokens) - length + 1
        keys = ranks[:places] * vocabulary + tokens[length - 1 :]
        unique, found, counts = np.unique(keys, return_inverse=True, return_counts=True)
        shorter = np.zeros(len(unique), np.int64)
        if length > 1:
            shorter[found] = ranks[1 : places + 1]
        level = _Level(
            unique // vocabulary,
            unique % vocabulary,
            counts.astype(np.int64),
            shorter,
            np.empty(len(unique)),
            np.empty(len(unique)),
            np.zeros(len(unique), np.bool_),
        )
        _weigh(level, levels[-1] if levels else None, DISCOUNTS[length - 1], vocabulary)
        levels.append(level)
        ranks = found.astype(np.int64)
    return levels


def _weigh(level: _Level, above: _Level | None, discount: float, vocabulary: int) -> None:
    contexts = 1 if above is None else len(above.token)
    totals = np.bincount(level.context, level.count, contexts)[level.context]
    crowds = np.bincount(level.context, minlength=contexts)[level.context]
    shorter = 1 / vocabulary if above is None else above.share[level.shorter]
    left = discount * crowds / totals * shorter
    level.share = (level.count - discount) / totals + left
    level.saving = level.share * totals * np.log2(level.share / left)


def keep_best(levels: list[_Level], wanted: int) -> None:
    """Keep about `wanted` n-grams of two tokens and more: the best savings, and the prefixes of what is kept."""
    ranked = np.sort(np.concatenate([level.saving for level in levels[1:]]))
    low, high = 0, len(ranked)
    while high - low > 1:  # prefixes come on top, so the number that is kept is found by bisection
        middle = (low + high) // 2
        if _keep_above(levels, float(ranked[middle])) > wanted:
            low = middle
        else:
            high = middle
    _keep_above(levels, float(ranked[min(high, len(ranked) - 1)]))


def _keep_above(levels: list[_Level], least: float) -> int:
    below: _Level | None = None
    for level in reversed(levels[1:]):
        level.kept = level.saving > least
        if below is not None:
            level.kept[below.context[below.kept]] = True
        below = level
    return sum(int(level.kept.sum()) for level in levels[1:])


def packed(levels: list[_Level], vocabulary: int) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of `textcoder.ngrams.NgramTable`, and the logits of single tokens."""
    counts = np.full(vocabulary, UNSEEN)
    counts[levels[0].token] += levels[0].count
    logits: NDArray[np.floating[Any]] = np.round(np.log2(counts / float(counts.max())) * LOG_FRACTION)
    arrays: dict[str, NDArray[np.generic]] = {"logits": logits.astype(np.int16), "ngrams.counts": count_codes()}
    nodes, parents = levels[0].token, MAX_TOKENS  # a node of level 0 is its token
    for index, level in enumerate(levels[1:], 1):
        kept = np.flatnonzero(level.kept)
        children = np.bincount(nodes[level.context[kept]], minlength=parents)
        arrays.update(pack_level(index, children, level.token[kept], nearest_codes(level.count[kept])))
        nodes = np.cumsum(level.kept) - 1
        parents = len(kept)
    return arrays
