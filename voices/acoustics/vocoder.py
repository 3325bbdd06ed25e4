"""Source-filter vocoder in NumPy: pitch and two envelopes to sound.

    pitch ----> pulses --> minimum-phase filter, `harmonic_db` --+
                                                                 +--> overlap-add --> samples
    seed  ----> noise  --> zero-phase filter,    `noise_db` -----+

A pulse train with all harmonics below half the sample rate, and white noise, are cut into windows of two
frames that add up to one. Each window passes its frame's filter. The signal flow is that of the neural
homomorphic vocoder (Liu et al., Interspeech 2020); the acoustic network supplies the filters.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import Samples, one_blas_thread

SAMPLE_RATE = 16_000
HOP_LENGTH = 160  # 10 ms
FFT_SIZE = 1024
"""Holds a window of two hops and 44 ms of a filter's response."""
BINS = FFT_SIZE // 2 + 1
BANDS = 64
"""Points of an envelope, spaced evenly on the mel scale from 0 Hz to half the sample rate."""
BATCH = 250
"""Frames filtered at a time: keeps memory low."""
NOISE_SEED = 7310
"""Fixed seed, so that the same payload sounds the same."""


def hz_to_mel(hz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return mels (O'Shaughnessy, 1987)."""
    return np.asarray(2595 * np.log10(1 + hz / 700), np.float64)


def mel_to_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return Hz, the inverse of `hz_to_mel`."""
    return np.asarray(700 * (10 ** (mel / 2595) - 1), np.float64)


def band_frequencies() -> npt.NDArray[np.float64]:
    """Return the centers of the `BANDS` in Hz, float64 [BANDS], ascending."""
    highest = float(hz_to_mel(np.array([SAMPLE_RATE / 2]))[0])
    return mel_to_hz(np.arange(BANDS, dtype=np.float64) * highest / (BANDS - 1))


def linear_interpolation(places: npt.NDArray[np.float64], knots: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return float64 [knots, places]: values at the knots times this matrix are the values at the places."""
    return np.asarray([np.interp(places, knots, row) for row in np.eye(len(knots))], np.float64)


@lru_cache(maxsize=1)
def interpolation_matrix() -> npt.NDArray[np.float32]:
    """Return float32 [BANDS, BINS]: an envelope times it is the level at every bin, on linear interpolation in mel."""
    bins = hz_to_mel(np.linspace(0, SAMPLE_RATE / 2, BINS))
    return linear_interpolation(bins, hz_to_mel(band_frequencies())).astype(np.float32)


def pulses(pitch_hz: npt.NDArray[np.float32], length: int) -> npt.NDArray[np.float32]:
    """Return a pulse train of flat spectrum and unit power: float32 [length].

    The sum of cosines of all harmonics below half the sample rate, in closed form (Dirichlet's kernel):
    sum_{k=1..K} cos(k p) = sin((K + 1/2) p) / (2 sin(p / 2)) - 1/2.

    Args:
        pitch_hz: float32 [frames], one each `HOP_LENGTH`, all greater than 0.
        length: in samples.
    """
    times = np.arange(length) / HOP_LENGTH
    hz = np.interp(times, np.arange(len(pitch_hz)), pitch_hz)
    phase = 2 * np.pi * np.mod(np.cumsum(hz / SAMPLE_RATE), 1.0)
    harmonics = np.floor(SAMPLE_RATE / 2 / hz)
    half = np.sin(phase / 2)
    near = np.abs(half) < 1e-4
    kernel = np.sin((harmonics + 0.5) * phase) / np.where(near, 1.0, 2 * half) - 0.5
    return np.asarray(np.where(near, harmonics, kernel) * np.sqrt(2 / harmonics), np.float32)


@one_blas_thread()
def vocode(
    pitch_hz: npt.NDArray[np.float32], harmonic_db: npt.NDArray[np.float32], noise_db: npt.NDArray[np.float32]
) -> Samples:
    """Return speech: float32 [frames * HOP_LENGTH], mono, 16 kHz.

    Args:
        pitch_hz: float32 [frames], greater than 0 in unvoiced frames, too.
        harmonic_db: float32 [frames, BANDS], level of the pulses' filter; 0 dB is full-scale flat spectrum.
        noise_db: float32 [frames, BANDS], level of the noise's filter.
    """
    frames = len(pitch_hz)
    length = frames * HOP_LENGTH
    noise = np.random.default_rng(NOISE_SEED).standard_normal(length).astype(np.float32)
    matrix = interpolation_matrix()
    pulse_windows, noise_windows = _windows(pulses(pitch_hz, length)), _windows(noise)
    pulse_db, noise_db = harmonic_db @ matrix, noise_db @ matrix
    # Window t is centered on frame t, its piece starts one hop earlier; half a FFT of tail runs on.
    hops = FFT_SIZE // HOP_LENGTH + 1
    padded = np.zeros((frames, hops * HOP_LENGTH))
    for start in range(0, frames, BATCH):
        batch = slice(start, start + BATCH)
        spectrum = _spectrum(pulse_windows[batch]) * _minimum_phase(pulse_db[batch])
        spectrum += _spectrum(noise_windows[batch]) * _gain(noise_db[batch])
        padded[batch, :FFT_SIZE] = np.fft.irfft(spectrum, FFT_SIZE)
    total = np.zeros((frames + hops) * HOP_LENGTH)
    for hop in range(hops):  # [frames, hops, HOP_LENGTH], added along the diagonals
        part = padded[:, hop * HOP_LENGTH : (hop + 1) * HOP_LENGTH].reshape(-1)
        total[hop * HOP_LENGTH : hop * HOP_LENGTH + len(part)] += part
    return np.asarray(total[HOP_LENGTH : HOP_LENGTH + length], np.float32)


def _windows(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a view, float32 [frames, 2 * HOP_LENGTH]: windows of two hops, each centered on a frame."""
    padded = np.pad(samples, (HOP_LENGTH, HOP_LENGTH))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * HOP_LENGTH)[::HOP_LENGTH]
    return windows[: len(samples) // HOP_LENGTH]


def _spectrum(windows: npt.NDArray[np.float32]) -> npt.NDArray[np.complex128]:
    """Return the spectrum of each window under a Hann window: complex [frames, BINS]."""
    hann = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * HOP_LENGTH) / HOP_LENGTH)
    return np.asarray(np.fft.rfft(windows * hann, FFT_SIZE), np.complex128)


def _gain(level_db: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    return np.asarray(10 ** (level_db / 20), np.float64)


def _minimum_phase(level_db: npt.NDArray[np.float32]) -> npt.NDArray[np.complex128]:
    """Return the minimum-phase filter with that level: complex [frames, BINS], by its cepstrum.

    Source: Oppenheim and Schafer, "Discrete-Time Signal Processing", section 13.5 (homomorphic filtering).
    """
    cepstrum = np.fft.irfft(level_db * (np.log(10) / 20), FFT_SIZE)
    cepstrum[:, 1 : FFT_SIZE // 2] *= 2
    cepstrum[:, FFT_SIZE // 2 + 1 :] = 0
    return np.asarray(np.exp(np.fft.rfft(cepstrum, FFT_SIZE)), np.complex128)
