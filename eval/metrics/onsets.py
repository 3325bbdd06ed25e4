"""When speech starts, by its level: good enough to tell 20 ms, and the same for every system."""

from __future__ import annotations

import numpy as np
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Samples

FRAME_S = 0.01
SEARCH_BEFORE_S, SEARCH_AFTER_S = 0.6, 1.0
"""How far around its place a turn's start is looked for."""
RISE = 0.4
"""Speech has started where the level has risen so far, in decibels, from the background's to the speech's."""
HOLD = 5
"""... and stays there for most of so many frames: a click does not."""
QUIETEST_DB = 45.0
"""What lies further below the speech is background: digital silence between turns, which systems that make speech have
and recordings have not, does not make the first breath a start."""
LEAST_RANGE_DB = 12.0
"""Where speech is not louder than the background by more, its start cannot be told."""


def onset_s(samples: Samples, expected_s: float) -> float | None:
    """Return when speech starts around `expected_s`, or None where that cannot be told.

    Nothing can be told where somebody already speaks at the beginning of the search.

    Args:
        samples: float32 [T], mono, 16 kHz, the whole recording.
        expected_s: where the turn should start.

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
