"""The input spectrum of the voice encoder: mel bands, 100 frames a second."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import Samples, one_blas_thread

from .vocoder import BATCH, BINS, FFT_SIZE, HOP_LENGTH, SAMPLE_RATE, band_frequencies, hz_to_mel

WINDOW_LENGTH = 512  # 32 ms
FLOOR_POWER = 1e-9
SPEAKING_RMS = 0.05
LEVEL_CENTER_DB, LEVEL_SCALE_DB = -55.0, 20.0
"""Offset and scale of decibels for the networks, to about [-1, 1]."""
BACKGROUND_DB = 35.0
"""Frames with a loudest band this far below that of the loud frames are not speech."""


def normalized(samples: Samples) -> Samples:
    """Return float32 [T] speech at the level `SPEAKING_RMS`, measured over the louder half of its 20 ms blocks."""
    blocks = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    power = np.square(blocks).mean(axis=1) if len(blocks) else np.zeros(1)
    loud = power[power >= np.median(power)].mean()
    return np.asarray(samples * (SPEAKING_RMS / np.sqrt(max(loud, 1e-12))), np.float32)


def scale_level(level_db: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return decibels scaled for the networks."""
    return np.asarray((level_db.astype(np.float32) - LEVEL_CENTER_DB) / LEVEL_SCALE_DB, np.float32)


def level_db(scaled: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the decibels of a scaled level."""
    return np.asarray(scaled * LEVEL_SCALE_DB + LEVEL_CENTER_DB, np.float32)


@lru_cache(maxsize=1)
def band_weights() -> npt.NDArray[np.float32]:
    """Return float32 [BINS, BANDS]: triangles between neighboring centers in mel, each column summing to 1."""
    centers = hz_to_mel(band_frequencies())
    bins = hz_to_mel(np.linspace(0, SAMPLE_RATE / 2, BINS))
    weights = np.maximum(0, 1 - np.abs(bins[:, np.newaxis] - centers) / (centers[1] - centers[0]))
    for band in np.flatnonzero(weights.sum(axis=0) < 1e-9):  # the lowest are narrower than a bin
        weights[np.argmin(np.abs(bins - centers[band])), band] = 1
    return np.asarray(weights / weights.sum(axis=0), np.float32)


@one_blas_thread()
def mel_spectrum(samples: Samples) -> npt.NDArray[np.float32]:
    """Return the level of each band in dB: float32 [T // HOP_LENGTH + 1, BANDS]; frame t is centered on t * 10 ms.

    Args:
        samples: float32 [T], mono, 16 kHz.
    """
    padded = np.pad(samples, (WINDOW_LENGTH // 2, WINDOW_LENGTH // 2))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_LENGTH)[::HOP_LENGTH]
    window = np.hanning(WINDOW_LENGTH + 1)[:-1].astype(np.float32)
    power = np.empty((len(frames), BINS), np.float32)
    for start in range(0, len(frames), BATCH):
        part = slice(start, start + BATCH)
        power[part] = np.square(np.abs(np.fft.rfft(frames[part] * window, FFT_SIZE)))
    return np.asarray(10 * np.log10(power @ band_weights() / np.square(window).sum() + FLOOR_POWER), np.float32)


def speech_frames(mel_db: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the speech frames of a `mel_spectrum`, scaled for the networks."""
    return scale_level(mel_db[loud_frames(mel_db, BACKGROUND_DB)])


def loud_frames(spectra_db: npt.NDArray[np.floating], range_db: float) -> npt.NDArray[np.bool_]:
    """Return which frames of [T, BANDS] have a loudest band that is less than `range_db` below that of the loud
    ones."""
    peak = spectra_db.max(axis=1)
    return np.asarray(peak > np.percentile(peak, 90) - range_db)
