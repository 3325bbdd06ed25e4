"""The onset of speech by its level: precise to 20 ms, and the same for every system."""

from __future__ import annotations

import numpy as np
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Samples

FRAME_S = 0.01
SEARCH_BEFORE_S, SEARCH_AFTER_S = 0.6, 1.0
"""Search range around the expected start of a turn."""
RISE = 0.4
"""Speech starts where the level has risen this far from the background to the speech, in decibels."""
HOLD = 5
"""... and stays there for most of this many frames, unlike a click."""
QUIETEST_DB = 45.0
"""Sound this far below the speech counts as background. Synthesized speech has digital silence between turns, and
recordings do not; the limit keeps the first breath after it from counting as a start."""
LEAST_RANGE_DB = 12.0
"""Smallest difference between speech and background at which a start can be found."""


def onset_s(samples: Samples, expected_s: float) -> float | None:
    """Return the start of speech near `expected_s`, or None if it cannot be found.

    It cannot be found if there is speech at the beginning of the search range.

    Args:
        samples: float32 [T], mono, 16 kHz, the whole recording.
        expected_s: the expected start of the turn.

    Example:
        >>> quiet, loud = np.full(16000, 1e-4, np.float32), np.full(32000, 0.1, np.float32)
        >>> onset_s(np.concatenate([quiet, loud, quiet]), expected_s=0.9)
        1.0
    """
    frame = round(FRAME_S * ENGINE_SAMPLE_RATE)
    whole = len(samples) // frame * frame
    power = np.square(samples[:whole], dtype=np.float64).reshape(-1, frame).mean(axis=1)
    level = 10 * np.log10(power + 1e-9)
    if len(level) == 0:
        return None
    background, speech = np.percentile(level, [5, 95])
    if speech - background < LEAST_RANGE_DB:
        return None
    background = max(background, speech - QUIETEST_DB)
    active = level > background + RISE * (speech - background)
    first = max(0, round((expected_s - SEARCH_BEFORE_S) / FRAME_S))
    last = round((expected_s + SEARCH_AFTER_S) / FRAME_S)
    if active[first : first + HOLD].mean() > 0.5 and first > 0:
        return None
    for index in range(first, min(last, len(active))):
        if active[index] and active[index : index + HOLD].mean() >= 0.6:
            return round(index * FRAME_S, 3)
    return None
