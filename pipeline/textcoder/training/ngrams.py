"""Count the n-grams of the training text and prune them to the table that is shipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ngrams import MAX_TOKENS, pack_level
from ..phrases import TOKEN_BITS
from ..tokens import START

LONGEST = 5
COUNT_CODES = 16
COUNT_GROWTH = 1.75
_BITS = np.uint64(12)


@dataclass(slots=True)
class _Level:
    keys: NDArray[np.uint64]
    """The n-grams, increasing: 12 bits a token, the last token lowest."""
    counts: NDArray[np.int64]
    kept: NDArray[np.bool_]


def count_codes() -> NDArray[np.int32]:
    """Return the count that each code stands for: each at least 1.75 times the one before, from 1 or 2 up."""
    return np.array([round(COUNT_GROWTH**code) for code in range(COUNT_CODES)], np.int32)


def nearest_codes(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the code of each count: the one with the nearest count, by their ratio."""
    codes = count_codes()
    edges = np.sqrt(codes[:-1].astype(np.float64) * codes[1:])
    return np.searchsorted(edges, counts)


def count_ngrams(tokens: NDArray[np.uint16], wanted: int) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of `NgramTable` with about `wanted` n-grams in all.

    An n-gram that was seen `c` times scores `c * |log(p / p')|`, where p is its share of what followed its context and
    p' is the share after the context without its first token (A. Stolcke, "Entropy-based pruning", 1998, in short). The
    best are kept, and with each the shorter ones that it begins with.
    """
    levels = [_count(tokens, length) for length in range(1, LONGEST + 1)]
    scores = [_scores(levels, index) for index in range(1, LONGEST)]
    ranked = np.sort(np.concatenate(scores))
    threshold = float(ranked[max(0, len(ranked) - wanted)])
    for index in range(LONGEST - 1, 0, -1):
        level = levels[index]
        level.kept |= scores[index - 1] >= threshold
        parents = levels[index - 1]
        parents.kept[np.searchsorted(parents.keys, level.keys[level.kept] >> _BITS)] = True
    arrays: dict[str, NDArray[np.generic]] = {"ngrams.counts": count_codes()}
    above = np.arange(MAX_TOKENS, dtype=np.uint64)
    for index in range(1, LONGEST):
        level = levels[index]
        keys = level.keys[level.kept]
        children = np.bincount(np.searchsorted(above, keys >> _BITS), minlength=len(above))
        last = (keys & np.uint64(MAX_TOKENS - 1)).astype(np.int64)
        arrays.update(pack_level(index, children, last, nearest_codes(level.counts[level.kept])))
        above = keys
    return arrays


def count_phrases(tokens: list[tuple[NDArray[np.int64], float]], wanted: int) -> NDArray[np.uint64]:
    """Return the keys (`textcoder.phrases`) of the most frequent phrases of two and three tokens, increasing.

    tokens: those of each source, and the weight of its counts. `START` begins a phrase of two at most.
    """
    if not wanted:
        return np.empty(0, np.uint64)
    keys: list[NDArray[np.int64]] = []
    weights: list[NDArray[np.floating[Any]]] = []
    for some, weight in tokens:
        pairs = some[:-1] << TOKEN_BITS | some[1:]
        triples = (some[:-2] + 1) << (2 * TOKEN_BITS) | pairs[1:]
        triples = triples[(some[:-2] != START) & (some[1:-1] != START) & (some[2:] != START)]
        found, counts = np.unique(np.concatenate((pairs[some[1:] != START], triples)), return_counts=True)
        keys.append(found[counts > 1])
        weights.append(counts[counts > 1] * weight)
    every, places = np.unique(np.concatenate(keys), return_inverse=True)
    totals = np.bincount(places, weights=np.concatenate(weights))
    return np.sort(every[np.argsort(-totals, kind="stable")[:wanted]]).astype(np.uint64)


def _count(tokens: NDArray[np.uint16], length: int) -> _Level:
    wide = tokens.astype(np.uint64)
    keys = wide[: len(wide) - length + 1].copy()
    for shift in range(1, length):
        keys = keys << _BITS | wide[shift : len(wide) - length + 1 + shift]
    unique, counts = np.unique(keys, return_counts=True)
    if length > 2:  # most long n-grams were seen once and never will be again
        unique, counts = unique[counts > 1], counts[counts > 1]
    return _Level(unique, counts, np.zeros(len(unique), np.bool_))


def _scores(levels: list[_Level], index: int) -> NDArray[np.float64]:
    level, parents = levels[index], levels[index - 1]
    context = parents.counts[np.searchsorted(parents.keys, level.keys >> _BITS)]
    shorter = level.keys & np.uint64((1 << (12 * index)) - 1)
    shorter_count = parents.counts[np.searchsorted(parents.keys, shorter)]
    if index == 1:
        shorter_context = np.full(len(shorter), parents.counts.sum())
    else:
        grandparents = levels[index - 2]
        shorter_context = grandparents.counts[np.searchsorted(grandparents.keys, shorter >> _BITS)]
    ratio = (level.counts / context) / (shorter_count / shorter_context)
    return np.asarray(level.counts * np.abs(np.log(ratio)), np.float64)
