"""Several channels of one room to one, without losing what their mean cancels.

If a microphone is wired with the wrong polarity, one channel is the inverse of the other, and their mean is
silence. So each frame is examined separately: if the channels cancel each other, those in antiphase to the
loudest are inverted first.
"""

from __future__ import annotations

import numpy as np

from ..types import Samples

FRAME = 256
"""Samples that are inverted together: 16 ms at 16 kHz."""
FADE = 64
"""Samples over which a channel is inverted: a sudden change would click."""
CANCELED = 0.25
"""Power of the sum over the sum of the powers: 2 for equal channels, 1 for uncorrelated ones (or if one is
silent), 0 for opposite ones. Below this the mean loses more than 6 dB."""
AUDIBLE = 1e-9
"""Mean power of inaudible sound: -90 dB."""


def downmix(block: Samples) -> Samples:
    """Return the mean of the channels, none of which cancels another: float32 [t] of float32 [t, channels]."""
    mean = np.asarray(block.mean(axis=1), np.float32)
    if block.shape[1] == 1 or len(block) == 0:
        return mean
    # Differences of neighboring samples suppress hum: hum that cancels tells nothing about the speech above it.
    rough = np.diff(block, axis=0, prepend=block[:1])
    starts = np.arange(0, len(block), FRAME)
    of_sum = np.add.reduceat(np.square(rough.sum(axis=1)), starts)
    of_each = np.add.reduceat(np.square(rough).sum(axis=1), starts)
    canceled = (of_sum < CANCELED * of_each) & (of_each > AUDIBLE * FRAME)
    if not canceled.any():
        return mean
    signs = np.ones((len(starts), block.shape[1]), np.float32)
    for index in np.flatnonzero(canceled):
        frame = rough[starts[index] : starts[index] + FRAME]
        loudest = frame[:, np.argmax(np.square(frame).sum(axis=0))]
        signs[index] = np.where(loudest @ frame < 0, -1, 1)
    weights = np.repeat(signs, FRAME, axis=0)[: len(block)]
    for index in np.flatnonzero((signs[1:] != signs[:-1]).any(axis=1)) + 1:
        fading = weights[starts[index] : starts[index] + FADE]
        fading += (signs[index - 1] - signs[index]) * np.linspace(1, 0, len(fading), dtype=np.float32)[:, None]
    return np.asarray((block * weights).mean(axis=1), np.float32)
