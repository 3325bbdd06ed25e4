"""Repeated phrases in a transcript: a speaker's own repetition, or a decoder that is stuck in a loop.

If a speaker says "no" ten times, the decoder leaves the repetition by itself. A stuck decoder continues until it is
stopped. That happened in all 79 looped segments of noise, hum, tones and music, and in 25 of 609 synthetic sentences
with repeated words, most of them with nine equal digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MIN_REPEATS, MIN_TOKENS = 4, 12
"""A phrase with this many repeats in a row, over at least this many tokens, may be a loop."""


@dataclass(frozen=True, slots=True)
class Run:
    """A phrase that is repeated several times in a row."""

    start: int
    """Index of the first token of the first occurrence."""
    period: int
    """Number of tokens in the phrase."""
    end: int
    """Index after the last token that repeats, perhaps within the phrase."""

    @property
    def again(self) -> range:
        """Indices of the tokens that only repeat the phrase."""
        return range(self.start + self.period, self.end)


def repeated_runs(tokens: Sequence[int], min_repeats: int = MIN_REPEATS) -> list[Run]:
    """Return the phrases with `min_repeats` repeats in a row, in order, without overlap; at each place the longest run.

    Example:
        >>> repeated_runs([5] + [1, 2] * 6 + [3])
        [Run(start=1, period=2, end=13)]
        >>> repeated_runs([7] * 11)
        []
    """
    runs: list[Run] = []
    start = 0
    while start <= len(tokens) - MIN_TOKENS:
        periods = range(1, (len(tokens) - start) // min_repeats + 1)
        found = (Run(start, period, _end(tokens, start, period)) for period in periods)
        longest = max(found, key=lambda run: (run.end, -run.period))
        if longest.end - start >= max(MIN_TOKENS, min_repeats * longest.period):
            runs.append(longest)
            start = longest.end
        else:
            start += 1
    return runs


def _end(tokens: Sequence[int], start: int, period: int) -> int:
    end = start + period
    while end < len(tokens) and tokens[end] == tokens[end - period]:
        end += 1
    return end
