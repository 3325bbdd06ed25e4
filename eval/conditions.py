"""Conditions of speech before coding: noise, a telephone line.

Noise is pink: Gaussian, its power falling by 3 dB an octave from 50 Hz up, which is
close to the long-term spectrum of rooms and streets. It is generated from a seed and the
recording's id, so that every system and every run receives the same. The ratio of speech to
noise is that of the speech's power while it is active (frames of 20 ms within 30 dB of
the loudest twentieth) to the noise's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import soxr
from speechzip.pipeline import Audio, Samples, downmix

Waves = npt.NDArray[np.float64]
"""Sound in double precision: float64, shaped as `Samples`."""

CLEAN = "clean"
NOISE_RATIOS_DB = (20, 10, 5, 0)
"""Ratios of speech to noise of the degraded conditions."""
TELEPHONE_RATE = 8000
TELEPHONE_BAND_HZ = (300.0, 3400.0)
"""The band of a telephone line (ITU-T G.712)."""
TELEPHONE_EDGE_HZ = 100.0
"""Width of the band's slopes."""
LOWEST_NOISE_HZ = 50.0
"""Below this frequency, pink noise stops rising, since its power would be infinite."""
FRAME_S = 0.02
ACTIVE_DB = 30.0
PEAK = 0.99
"""Noisy samples beyond 1 are avoided by scaling the whole recording, never by clipping."""

Condition = Callable[[Audio, int], Audio]
"""Returns a recording under the condition; the number is the random seed."""


def clean(audio: Audio, seed: int) -> Audio:
    """Return the recording unchanged."""
    return audio


def telephone(audio: Audio, seed: int) -> Audio:
    """Return the recording as heard over a telephone: 300 to 3400 Hz, 8 kHz, 8-bit mu-law."""
    rate = audio.sample_rate
    samples = audio.samples
    if rate != TELEPHONE_RATE:
        samples = np.asarray(soxr.resample(samples, rate, TELEPHONE_RATE, quality="HQ"), np.float32)
    spectrum = np.fft.rfft(samples, axis=0)
    frequencies = np.fft.rfftfreq(len(samples), 1 / TELEPHONE_RATE)
    low, high = TELEPHONE_BAND_HZ
    gain = np.clip((frequencies - low) / TELEPHONE_EDGE_HZ + 1, 0, 1) * np.clip(
        (high - frequencies) / TELEPHONE_EDGE_HZ + 1, 0, 1
    )
    gain = gain.reshape(-1, *[1] * (samples.ndim - 1))
    passed: Waves = np.fft.irfft(spectrum * gain, len(samples), axis=0)
    return Audio(_mu_law(passed), TELEPHONE_RATE)


def with_noise(audio: Audio, ratio_db: float, seed: int) -> Audio:
    """Return the recording with pink noise `ratio_db` below its speech."""
    samples = audio.samples.astype(np.float64)
    noise = pink_noise(len(samples), audio.sample_rate, seed)
    noise *= np.sqrt(speech_power(audio) / 10 ** (ratio_db / 10))
    mixed = samples + (noise if samples.ndim == 1 else noise[:, np.newaxis])
    loudest = np.abs(mixed).max(initial=0)
    return Audio((mixed * min(1.0, PEAK / max(loudest, 1e-9))).astype(np.float32), audio.sample_rate)


def pink_noise(count: int, sample_rate: int, seed: int) -> npt.NDArray[np.float64]:
    """Return float64 [count] of noise with a mean power of 1.

    Example:
        >>> noise = pink_noise(16000, 16000, seed=1)
        >>> round(float(np.mean(noise**2)), 6)
        1.0
    """
    white = np.random.default_rng(seed).standard_normal(count)
    frequencies = np.fft.rfftfreq(count, 1 / sample_rate)
    shape = 1 / np.sqrt(np.maximum(frequencies, LOWEST_NOISE_HZ))
    shape[0] = 0  # no direct current
    noise = np.fft.irfft(np.fft.rfft(white) * shape, count)
    return noise / max(float(np.sqrt(np.mean(noise**2))), 1e-12)


def speech_power(audio: Audio) -> float:
    """Return the mean power of the active frames."""
    mono = downmix(audio.samples.reshape(len(audio.samples), -1)).astype(np.float64)
    frame = max(1, int(FRAME_S * audio.sample_rate))
    whole = len(mono) // frame * frame
    if whole == 0:
        return float(np.sum(np.square(mono))) / max(1, len(mono))
    power: Waves = np.square(mono[:whole]).reshape(-1, frame).mean(axis=1)
    return float(power[power >= np.percentile(power, 95) * 10 ** (-ACTIVE_DB / 10)].mean())


def noise_seed(item_id: str, seed: int) -> int:
    """Return a seed for the recording."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{item_id}".encode()).digest()[:8], "little")


def _noise_condition(ratio_db: float) -> Condition:
    return lambda audio, seed: with_noise(audio, ratio_db, seed)


CONDITIONS: dict[str, Condition] = {
    CLEAN: clean,
    **{f"noise-{ratio}dB": _noise_condition(ratio) for ratio in NOISE_RATIOS_DB},
    "telephone": telephone,
}
"""Name -> condition, `CLEAN` first."""


def _mu_law(samples: npt.NDArray[np.float64]) -> Samples:
    """Return `samples` after 8-bit mu-law and back (ITU-T G.711, in its continuous form)."""
    mu = 255.0
    clipped = np.clip(samples, -1, 1)
    companded = np.sign(clipped) * np.log1p(mu * np.abs(clipped)) / np.log1p(mu)
    coded: Waves = np.rint(companded * 127) / 127
    decoded = np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(mu)) / mu
    return np.asarray(decoded, np.float32)
