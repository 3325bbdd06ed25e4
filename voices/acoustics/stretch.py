"""Longer or shorter speech at the same pitch: WSOLA.

Source: Verhelst and Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high quality
time-scale modification of speech", ICASSP 1993.
"""

from __future__ import annotations

import numpy as np
from speechzip.pipeline import Samples

HOP_S = 0.015
"""Half a window: two periods of a low voice in each."""
SEARCH_S = 0.008
"""A window is taken up to this much earlier or later: a period of a low voice in all."""


def time_stretch(samples: Samples, sample_rate: int, factor: float) -> Samples:
    """Return float32 [T] mono `samples` at `sample_rate` Hz, `factor` times as long."""
    hop, search = int(HOP_S * sample_rate), int(SEARCH_S * sample_rate)
    length = round(factor * len(samples))
    if length == len(samples) or len(samples) == 0:
        return samples
    window = np.hanning(2 * hop + 1)[:-1].astype(np.float32)
    padded = np.pad(samples, (hop + search, 4 * hop + 2 * search))
    stretched = np.zeros(length + 3 * hop, np.float32)
    start = search
    for place in range(0, length + hop, hop):
        if place:
            follows = padded[start + hop : start + 3 * hop]  # what comes after the last window in the recording
            earliest = min(round(place / factor), len(samples) + hop)
            nearby = padded[earliest : earliest + 2 * search + 2 * hop]
            start = earliest + int(np.argmax(np.correlate(nearby, follows, "valid")))
        stretched[place : place + 2 * hop] += window * padded[start : start + 2 * hop]
    return stretched[hop : hop + length]
