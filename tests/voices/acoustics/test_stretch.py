from __future__ import annotations

import numpy as np
import pytest
from speechzip.voices.acoustics.pitch import fundamental_frequency
from speechzip.voices.acoustics.stretch import time_stretch

RATE = 16_000


@pytest.mark.parametrize("factor", [0.5, 0.75, 0.97, 1.1, 1.4, 2.0])
@pytest.mark.parametrize("pitch_hz", [80.0, 123.0, 240.0])
def test_the_length_changes_and_pitch_and_level_stay(factor: float, pitch_hz: float) -> None:
    time_s = np.arange(2 * RATE) / RATE
    partials = np.arange(1, 6)[:, np.newaxis]
    tone = np.asarray((0.2 / partials * np.sin(2 * np.pi * pitch_hz * partials * time_s)).sum(axis=0), np.float32)
    stretched = time_stretch(tone, RATE, factor)
    assert stretched.dtype == np.float32
    assert len(stretched) == round(factor * len(tone))
    assert np.median(fundamental_frequency(stretched, RATE)) == pytest.approx(pitch_hz, rel=0.01)
    middle = stretched[RATE // 8 : -RATE // 8]
    assert np.sqrt(np.square(middle).mean()) == pytest.approx(np.sqrt(np.square(tone).mean()), rel=0.05)


def test_events_stay_in_their_places() -> None:
    samples = np.zeros(RATE, np.float32)
    samples[4000:4100] = 0.5
    stretched = time_stretch(samples, RATE, 1.5)
    assert np.argmax(np.abs(stretched) > 0.2) == pytest.approx(6000, abs=0.03 * RATE)


@pytest.mark.parametrize("length", [0, 1, 10, 100, 1000])
def test_sounds_shorter_than_a_window(length: int) -> None:
    assert len(time_stretch(np.ones(length, np.float32), RATE, 1.3)) == round(1.3 * length)
