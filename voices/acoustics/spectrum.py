"""The spectral envelope of a voice: its long-term average spectrum in 16 bands, and filtering toward another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import Samples

BANDS = 16
BAND_EDGES_HZ = (
    100, 226, 372, 540, 736, 962, 1223, 1526, 1877, 2283, 2752, 3296, 3925, 4653, 5496, 6471, 7600,
)  # fmt: skip
"""Equal steps on the mel scale."""

LEVEL_BANDS = slice(2, 11)
"""Bands that define the level of a voice by their mean: 372 to 3296 Hz, which a telephone passes."""

TYPICAL_DB = (
    12.5,
    11.8,
    11.4,
    8.6,
    4.0,
    1.1,
    -1.1,
    -2.4,
    -5.6,
    -7.1,
    -9.0,
    -11.1,
    -12.7,
    -15.0,
    -17.6,
    -21.6,
)
"""Mean spectrum of 260 readers (LibriSpeech and VCTK), relative to the level."""

WINDOW, HOP = 512, 256
"""32 ms and 16 ms at 16 kHz."""


def average_spectrum(samples: Samples, sample_rate: int) -> npt.NDArray[np.float64]:
    """Return the long-term average spectrum in dB relative to its level: float64 [BANDS].

    Args:
        samples: float32 [T], mono; anything shorter than a window counts as `TYPICAL_DB`.
        sample_rate: 16 kHz or more, in Hz.
    """
    if len(samples) < WINDOW or not samples.any():
        return np.array(TYPICAL_DB)
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    power = np.zeros(WINDOW // 2 + 1)
    energies = np.square(frames).sum(axis=1)
    for frame in frames[energies >= 1e-2 * np.percentile(energies, 95)]:  # within 20 dB of the loud: speech
        power += np.square(np.abs(np.fft.rfft(frame * np.hanning(WINDOW))))
    frequency = np.fft.rfftfreq(WINDOW, 1 / sample_rate)
    band = np.digitize(frequency, BAND_EDGES_HZ) - 1
    level = np.array([10 * np.log10(power[band == index].mean() + 1e-12) for index in range(BANDS)])
    return np.asarray(level - level[LEVEL_BANDS].mean(), np.float64)


def equalize(samples: Samples, sample_rate: int, gain_db: npt.NDArray[np.float64]) -> Samples:
    """Return float32 [T] with each band's gain (float64 [BANDS], dB) applied, without delay."""
    centers = np.sqrt(np.multiply(BAND_EDGES_HZ[:-1], BAND_EDGES_HZ[1:]))
    size = 1 << (len(samples) + WINDOW).bit_length()
    gain = np.interp(np.fft.rfftfreq(size, 1 / sample_rate), centers, gain_db)
    filtered = np.fft.irfft(np.fft.rfft(samples, size) * 10 ** (gain / 20), size)[: len(samples)]
    return np.asarray(filtered, np.float32)
