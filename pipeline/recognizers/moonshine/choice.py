"""The choice among several hypotheses of the same speech: the one with the fewest expected word errors.

The likeliest hypothesis has the best chance to be right as a whole. But words count: a hypothesis whose words are
shared by other likely ones has fewer errors on average. This is minimum Bayes risk decoding (Goel and Byrne 2000,
"Minimum Bayes-risk automatic speech recognition"), with the hypotheses in place of all that might have been said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, islice

MARKS = ".,;:!?\"'()-\u2026"
"""Punctuation, which is stripped from words before they are compared."""

FEW_WORDS = 8
"""Disagreement in a shorter text counts as if it had this many words: "Please call Stella" and "Please call Stella,
please" do not tell that the words are invented."""

RUN = 3
"""Of a word that is repeated in a row, this many repetitions are compared."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several hypotheses."""

    index: int
    """Its index."""
    agreement: float
    """Share of its words that the hypotheses agree on, in [0, 1], each weighed by its probability; see `FEW_WORDS`."""


def least_risk(texts: Sequence[str], scores: Sequence[float]) -> Choice:
    """Return the text with the fewest expected word errors; of texts with equal words, the first.

    Args:
        texts: the hypotheses, likeliest first; at least one.
        scores: their log-probabilities, in any common scale.

    Example:
        >>> texts = ["The letter of kings", "The ledger of things", "The ledger of kings"]
        >>> least_risk(texts, [-1.0, -1.1, -1.2]).index
        2
    """
    peak = max(scores)
    weights = [math.exp(score - peak) for score in scores]
    words = [_words(text) for text in texts]
    weight_of: dict[tuple[str, ...], float] = {}
    for each, weight in zip(words, weights, strict=True):
        weight_of[each] = weight_of.get(each, 0.0) + weight / sum(weights)
    risks = {
        each: sum(weight * word_distance(each, other) for other, weight in weight_of.items()) for each in weight_of
    }
    index = min(range(len(texts)), key=lambda index: risks[words[index]])
    return Choice(index, max(0.0, 1 - risks[words[index]] / max(FEW_WORDS, len(words[index]))))


def word_distance(left: Sequence[str], right: Sequence[str]) -> int:
    """Return the fewest substitutions, deletions and insertions between two sequences of words.

    Example:
        >>> word_distance("four fusion cars".split(), "ford fusion".split())
        2
    """
    left, right = _without_common_ends(left, right)
    above = list(range(len(right) + 1))
    for row, word in enumerate(left, 1):
        distances = [row]
        for column, other in enumerate(right, 1):
            distances.append(min(above[column] + 1, distances[-1] + 1, above[column - 1] + (word != other)))
        above = distances
    return above[-1]


def _without_common_ends(left: Sequence[str], right: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    start, shorter = 0, min(len(left), len(right))
    while start < shorter and left[start] == right[start]:
        start += 1
    end = 0
    while end < shorter - start and left[-1 - end] == right[-1 - end]:
        end += 1
    return left[start : len(left) - end], right[start : len(right) - end]


def _words(text: str) -> tuple[str, ...]:
    """Return the words that are compared. The number of repetitions of a word in a row is no disagreement."""
    words = [stripped for word in text.replace("-", " ").lower().split() if (stripped := word.strip(MARKS))]
    return tuple(word for _, run in groupby(words) for word in islice(run, RUN))
