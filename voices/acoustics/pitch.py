"""Pitch: fundamental frequency by YIN.

Source: de Cheveigne and Kawahara, "YIN, a fundamental frequency estimator for speech and
music", J. Acoust. Soc. Am. 111(4), 2002.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import Samples

FRAME_S = 0.04
"""Window of one estimate: two periods of the lowest voice."""
HOP_S = 0.01
LOWEST_HZ, HIGHEST_HZ = 65.0, 400.0
"""Range of adults' speaking voices."""
HUM_HZ = 70.0
"""Sound below this frequency is removed first: it is mains hum of 50 or 60 Hz."""
THRESHOLD = 0.2
"""A frame with a higher best dip is unvoiced; the paper's 0.1 (step 4) is for clean speech."""
BACKGROUND = 3e-3
"""Frames 25 dB below the loud ones are background."""
FARTHEST = 9 / 12 * np.log(2)
"""Nine semitones. On the telephone, where the lowest harmonics are missing, YIN takes the second for the first in many
frames: the mean pitch of 13 callers was wrong by 2.2 semitones and its deviation by 1.9, with this limit by 0.6 and 0.4
(beside Praat's); of readers by 0.6 and 0.8, with it by 0.5 and 0.5."""
BATCH = 50
"""Frames processed at a time: keeps memory constant, and low."""


def fundamental_frequency(samples: Samples, sample_rate: int) -> npt.NDArray[np.float64]:
    """Return the fundamental frequency of the voiced frames in Hz: float64 [frames], unvoiced ones left out.

    Args:
        samples: float32 [T], mono, in [-1, 1].
        sample_rate: in Hz.
    """
    track = pitch_track(samples, sample_rate)
    return track[track > 0]


def without_wrong_octaves(pitch_hz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the pitch in Hz of a speaker's voiced frames without those farther than `FARTHEST` from their median."""
    if not len(pitch_hz):
        return pitch_hz
    near = np.abs(np.log(pitch_hz / np.median(pitch_hz))) < FARTHEST
    return np.asarray(pitch_hz[near], np.float64)


def pitch_track(samples: Samples, sample_rate: int) -> npt.NDArray[np.float64]:
    """Return the fundamental frequency in Hz of each frame: float64 [frames], one each `HOP_S`; 0 where unvoiced.

    Frame t is measured in the `FRAME_S` from t * `HOP_S` on. Arguments as for `fundamental_frequency`.
    """
    window = int(FRAME_S * sample_rate)
    longest = int(sample_rate / LOWEST_HZ) + 1
    shortest = int(sample_rate / HIGHEST_HZ)
    hop = int(HOP_S * sample_rate)
    if len(samples) < window + longest:
        return np.zeros(0)
    frames = np.lib.stride_tricks.sliding_window_view(_without_hum(samples, sample_rate), window + longest)[::hop]
    batches = (frames[start : start + BATCH] for start in range(0, len(frames), BATCH))
    loud = np.concatenate([np.square(batch).mean(axis=1) for batch in batches])
    heard = np.flatnonzero(loud > BACKGROUND * np.percentile(loud, 95))
    track = np.zeros(len(frames))
    for start in range(0, len(heard), BATCH):
        batch = heard[start : start + BATCH]
        track[batch] = _frequencies(frames[batch], sample_rate, window, shortest, longest)
    return track


def _without_hum(samples: Samples, sample_rate: int) -> npt.NDArray[np.float64]:
    size = 1 << (len(samples) - 1).bit_length()  # other lengths may take several times the memory and time
    spectrum = np.fft.rfft(samples, size)
    spectrum[: int(HUM_HZ * size / sample_rate)] = 0
    return np.asarray(np.fft.irfft(spectrum, size)[: len(samples)], np.float64)


def _frequencies(
    frames: npt.NDArray[np.float64], sample_rate: int, window: int, shortest: int, longest: int
) -> npt.NDArray[np.float64]:
    """Return the fundamental frequency of each frame in Hz, 0 where unvoiced."""
    difference = _difference(frames, window, longest)
    lags = np.arange(1, longest)
    normalized = np.ones_like(difference)  # equation (8)
    normalized[:, 1:] = difference[:, 1:] * lags / np.maximum(np.cumsum(difference[:, 1:], axis=1), 1e-12)
    searched = normalized[:, shortest : longest - 1]
    below = searched < THRESHOLD
    voiced = below.any(axis=1)
    first: npt.NDArray[np.intp] = np.argmax(below, axis=1)
    # From the first lag below the threshold on, walk down to the bottom of its dip.
    beyond = np.full((len(searched), 1), np.inf)
    rising = np.diff(np.concatenate([searched, beyond], axis=1), axis=1)
    rising[np.arange(searched.shape[1]) < first[:, np.newaxis]] = 0
    dip = np.argmax(np.sign(rising), axis=1)
    rows = np.flatnonzero(voiced)
    center = dip[rows] + shortest
    before, at, after = (normalized[rows, center + shift] for shift in (-1, 0, 1))
    curvature = before - 2 * at + after
    offset = np.where(curvature > 1e-12, 0.5 * (before - after) / np.maximum(curvature, 1e-12), 0.0)
    frequencies = np.zeros(len(frames))
    frequencies[rows] = sample_rate / (center + np.clip(offset, -0.5, 0.5))
    return frequencies


def _difference(frames: npt.NDArray[np.float64], window: int, longest: int) -> npt.NDArray[np.float64]:
    """Return d[lag] = sum over the window of (x[t] - x[t + lag])^2, equation (6), by FFT: [frames, longest]."""
    size = 1 << (frames.shape[1] - 1).bit_length()  # no product of these lags wraps around
    head = np.fft.rfft(frames[:, :window], size)
    correlation = np.fft.irfft(np.fft.rfft(frames, size) * np.conj(head), size)[:, :longest]
    energy = np.cumsum(np.square(frames), axis=1)
    energy = np.concatenate([np.zeros((len(frames), 1)), energy], axis=1)
    lagged = energy[:, window : window + longest] - energy[:, :longest]
    return np.asarray(lagged[:, :1] + lagged - 2 * correlation, np.float64)
