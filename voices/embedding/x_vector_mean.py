"""The mean x-vector of English speech, which `XVectorEmbedder` subtracts.

It is made by `python -m speechzip.voices.embedding.x_vector_mean`.

After centering, the cosines of strangers lie around 0, recorded well or over a telephone. Without it, strangers on the
telephone look similar.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import soundfile
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Samples, SpeakerEmbedding, resample

from .x_vector import MEAN_PATH, XVectorEmbedder

WINDOW = 2 * ENGINE_SAMPLE_RATE
FILES = 3
"""Recordings used of each speaker, so that all speakers have about the same weight."""
TELEPHONE_RATE = 8000
MU = 255  # constant of the companding law, ITU-T G.711


def telephone(samples: Samples, rng: np.random.Generator) -> Samples:
    """Return float32 [T] 16 kHz speech as heard over a telephone line: 300 to 3400 Hz or so, mu-law, 8 kHz.

    The band's edges and a tilt of up to some dB from kHz to kHz are drawn anew for each line.
    """
    frequency = np.fft.rfftfreq(len(samples), 1 / ENGINE_SAMPLE_RATE)
    low, high = rng.uniform(150, 350), rng.uniform(3100, 3700)
    tilt_db = np.interp(frequency, np.linspace(0, 8000, 9), rng.normal(0, 4, 9))
    gain = 10 ** (tilt_db / 20) / np.sqrt((1 + (low / np.maximum(frequency, 1)) ** 6) * (1 + (frequency / high) ** 12))
    line = np.fft.irfft(np.fft.rfft(samples) * gain, len(samples))
    line *= 0.8 / max(float(np.abs(line).max()), 1e-9)
    loudness = np.round(np.log1p(MU * np.abs(line)) / float(np.log1p(MU)) * 127) / 127
    line = np.asarray(np.copysign(np.expm1(loudness * float(np.log1p(MU))) / MU, line), np.float64)
    narrow = resample(np.asarray(line, np.float32), ENGINE_SAMPLE_RATE, TELEPHONE_RATE)
    return resample(narrow, TELEPHONE_RATE, ENGINE_SAMPLE_RATE)


def mean_embedding(voicedata: Path) -> SpeakerEmbedding:
    """Return the mean embedding over all speakers of a folder with a `manifest.csv`, half clean, half telephone."""
    with open(voicedata / "manifest.csv", encoding="utf-8", newline="") as file:
        readings = defaultdict[str, list[str]](list)
        for row in csv.DictReader(file):
            readings[row["speaker"]].append(row["path"])
    embedder, rng = XVectorEmbedder(centered=False), np.random.default_rng(0)
    embeddings: list[SpeakerEmbedding] = []
    for paths in readings.values():
        for path in paths[:FILES]:
            speech, sample_rate = soundfile.read(str(voicedata / path), dtype="float32")
            speech = resample(speech, sample_rate, ENGINE_SAMPLE_RATE)
            for sound in (speech, telephone(speech, rng)):
                starts = range(0, max(1, len(sound) - WINDOW + 1), WINDOW)
                embeddings += [embedder.embed(sound[start : start + WINDOW]) for start in starts]
    return np.asarray(np.mean(embeddings, axis=0), np.float32)


if __name__ == "__main__":
    np.save(MEAN_PATH, mean_embedding(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/voicedata")))
