"""Conversion for codecs of one channel: to mono 16-bit integers at their rate, and back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Audio, Samples, downmix, resample

Pcm = npt.NDArray[np.int16]

MESSAGE_BYTES = 1200
"""Largest packet for any path (RFC 9000, section 14.1)."""


def mono(audio: Audio) -> Samples:
    """Return the mean of all channels: float32 [T]."""
    return audio.samples if audio.samples.ndim == 1 else downmix(audio.samples)


def engine_samples(audio: Audio) -> Samples:
    """Return what recognizers and voice encoders hear: float32 [T], mono, 16 kHz."""
    return resample(mono(audio), audio.sample_rate, ENGINE_SAMPLE_RATE)


def to_pcm(audio: Audio, sample_rate: int) -> Pcm:
    """Return int16 [T], mono at `sample_rate`."""
    samples = resample(mono(audio), audio.sample_rate, sample_rate)
    return np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)


def from_pcm(pcm: Pcm, sample_rate: int) -> Audio:
    """Return int16 [T] as sound."""
    return Audio(np.asarray(pcm / 32767, np.float32), sample_rate)


def message_packets(size_bytes: int) -> int:
    """Return the number of packets of a message; 0 for an empty one."""
    return -(-size_bytes // MESSAGE_BYTES)
