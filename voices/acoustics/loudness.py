"""The last step of every synthesizer: trim silence at the ends, set the loudness."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import Samples

TRIM_DB = 40.0
"""Sound this far below the peak counts as silence at either end."""
LEVEL_RMS = 0.07
"""-23 dB below full scale while speaking, the loudness of broadcasts (EBU R 128)."""
MAX_PEAK = 0.95


def trim(samples: Samples) -> Samples:
    """Return float32 [T] `samples` without the silence at both ends; silence alone leaves nothing."""
    loud = _loud(samples)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]


def trim_end(samples: Samples) -> Samples:
    """Return float32 [T] `samples` without the silence at their end; silence alone leaves nothing."""
    loud = _loud(samples)
    return samples[: loud[-1] + 1] if len(loud) else samples[:0]


def _loud(samples: Samples) -> npt.NDArray[np.int64]:
    return np.flatnonzero(np.abs(samples) > 10 ** (-TRIM_DB / 20) * np.abs(samples).max(initial=0.0))


def set_loudness(samples: Samples) -> Samples:
    """Return float32 [T] `samples`, which are not all zero, at `LEVEL_RMS` while speaking, with peaks of `MAX_PEAK`."""
    active = samples[np.abs(samples) > 0.01 * np.abs(samples).max()]
    gain = min(LEVEL_RMS / np.sqrt(np.square(active).mean()), MAX_PEAK / np.abs(samples).max())
    return np.asarray(samples * gain, np.float32)
