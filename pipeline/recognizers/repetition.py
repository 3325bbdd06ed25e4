"""Phrases that a recognizer's decoder says again and again: a person's own repetition, or a decoder that is stuck.

A decoder that hears somebody say "no" ten times leaves the repetition by itself. One that is stuck goes on until it
is stopped: so did every one of 79 segments of noise, hum, tones and music that were looped over, and 25 of 609
synthetic sentences with repeated words, most of them with nine equal digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MIN_REPEATS, MIN_TOKENS = 4, 12
"""A phrase said this often in a row, over at least so many tokens, may be a loop."""


@dataclass(frozen=True, slots=True)
class Run:
    """A phrase that is said several times in a row."""

    start: int
    """Index of the first token of the phrase when it is first said."""
    period: int
    """How many tokens the phrase has."""
    end: int
    """Index after the last token that repeats, perhaps within the phrase."""

    @property
    def again(self) -> range:
        """Indices of the tokens that only repeat the phrase."""
        return range(self.start + self.period, self.end)


def repeated_runs(tokens: Sequence[int], min_repeats: int = MIN_REPEATS) -> list[Run]:
    """Return the phrases that are said `min_repeats` times in a row, in order and apart; at each place the longest run.

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
