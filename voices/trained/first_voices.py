"""Voices of the space ``trained-1`` in that of the present networks, so that old payloads go on speaking.

The numbers of the new voice are a linear function of those of the old one, fitted to the voices of the training
speakers in both spaces; pitch and speaking rate are the same. `first_voices.npz` has it: `weights`, float32 [TIMBRE +
CORRECTIONS + 1, TIMBRE + ENVELOPE], whose last row is the constant.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..spaces.scalable_voice import TIMBRE, ScalableVoice
from ..spaces.trained_voice import CORRECTION_STEP_DB, TrainedVoice
from .networks import weight_arrays


def converted(embedding: bytes) -> ScalableVoice:
    """Return the voice that an embedding of the space ``trained-1`` means; any bytes mean some voice."""
    first = TrainedVoice.from_bytes(embedding)
    numbers = np.clip(first_numbers(first) @ _weights(), -1, 1)
    return ScalableVoice(
        first.pitch_hz,
        first.pitch_deviation,
        first.speaking_rate_pps,
        tuple(map(float, numbers[:TIMBRE])),
        tuple(map(float, numbers[TIMBRE:])),
    )


def first_numbers(voice: TrainedVoice) -> npt.NDArray[np.float64]:
    """Return the old voice's numbers and a constant, each in about [-1, 1]."""
    corrections = np.array(voice.envelope_correction_db) / (4 * CORRECTION_STEP_DB)
    return np.array([*voice.timbre, *corrections, 1.0])


@lru_cache(maxsize=1)
def _weights() -> npt.NDArray[np.float32]:
    return weight_arrays("first_voices.npz", ["weights"])["weights"]
