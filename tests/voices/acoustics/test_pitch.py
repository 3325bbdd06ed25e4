from __future__ import annotations

import numpy as np
import pytest
from speechzip.pipeline import Samples
from speechzip.voices.acoustics.pitch import fundamental_frequency, pitch_track, without_wrong_octaves

TIME_S = np.arange(32000) / 16000


def buzz(hz: float, harmonics: int = 8) -> Samples:
    numbers = np.arange(1, harmonics + 1)[:, np.newaxis]
    return np.asarray((0.2 * np.sin(2 * np.pi * hz * numbers * TIME_S) / numbers).sum(axis=0), np.float32)


@pytest.mark.parametrize("hz", [75.0, 85.0, 120.0, 199.0, 260.0, 390.0])
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_known_pitch(hz: float, noise: float) -> None:
    hiss = noise * np.random.default_rng(0).normal(size=32000)
    samples = buzz(hz) + hiss.astype(np.float32)
    pitch = fundamental_frequency(samples, 16000)
    assert len(pitch) > 150
    assert np.median(pitch) == pytest.approx(hz, rel=0.005)
    assert np.mean(np.abs(pitch / hz - 1) < 0.02) > 0.95


def test_wrong_octaves_do_not_count() -> None:
    """A tone without its odd harmonics is an octave higher."""
    even = sum(0.2 * np.sin(2 * np.pi * hz * TIME_S) for hz in (240, 480, 720))
    talk = np.concatenate([buzz(120), np.asarray(even, np.float32)[:10_000]])
    track = pitch_track(talk, 16000)
    assert np.count_nonzero(track > 220) > 40
    pitch = without_wrong_octaves(fundamental_frequency(talk, 16000))
    assert np.mean(pitch) == pytest.approx(120, rel=0.01)
    assert np.std(np.log(pitch)) < 0.02
    assert len(without_wrong_octaves(np.zeros(0))) == 0


def test_missing_fundamental() -> None:
    samples = buzz(110) - (0.2 * np.sin(2 * np.pi * 110 * TIME_S)).astype(np.float32)
    assert np.median(fundamental_frequency(samples, 16000)) == pytest.approx(110, rel=0.005)


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 32000).astype(np.float32)
    assert len(fundamental_frequency(noise, 16000)) < 10
    assert len(fundamental_frequency(np.zeros(32000, np.float32), 16000)) == 0
    assert len(fundamental_frequency(noise[:300], 16000)) == 0
