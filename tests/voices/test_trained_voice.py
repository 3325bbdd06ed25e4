from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.voices import TrainedVoice
from speechzip.voices.trained_voice import COLOURS, SIZE, TIMBRE


def test_bytes() -> None:
    voice = TrainedVoice(
        pitch_hz=100, spread=0.2, pace=13, timbre=(1.0, -1.0, *(0.0,) * 18), colour_db=(0.0,) * 15 + (10.5,)
    )
    # 64 steps are an octave above 50 Hz; 0.05 + 5 * 0.03; 7 + 6; 15 and 0; sevens and eights are next to 0.
    assert voice.to_bytes()[:3] == bytes([64, 5 << 4 | 6, 15])
    assert voice.to_bytes()[12:] == bytes([0x88] * 7 + [0xF8])
    assert len(voice.to_bytes()) == SIZE == 20


@given(st.binary(max_size=SIZE + 4))
def test_any_bytes_are_a_voice(embedding: bytes) -> None:
    voice = TrainedVoice.from_bytes(embedding)
    assert 50 <= voice.pitch_hz < 800
    assert 0.05 <= voice.spread <= 0.5
    assert 7 <= voice.pace <= 22
    assert all(-1 <= number <= 1 for number in voice.timbre)
    assert all(-12 <= level <= 10.5 for level in voice.colour_db)
    assert voice.to_bytes()[: len(embedding)] == embedding[:SIZE]
    assert voice.condition().shape == (TIMBRE + 3,)
    assert len(voice.colour_db) == COLOURS


@pytest.mark.parametrize("pitch_hz", [1e-3, 1e6])
def test_what_does_not_fit_is_the_nearest_that_does(pitch_hz: float) -> None:
    voice = TrainedVoice(pitch_hz, spread=9, pace=99, timbre=(7.0,) * TIMBRE, colour_db=(-99.0,) * COLOURS)
    again = TrainedVoice.from_bytes(voice.to_bytes())
    assert again.pitch_hz in (50, pytest.approx(50 * 2 ** (255 / 64)))
    assert again.spread == pytest.approx(0.5)
    assert (again.pace, again.timbre[0], again.colour_db[0]) == (22, 1, -12)


def test_condition() -> None:
    # ln 156 Hz, 0.2 and 13 phones a second are the middle of their scales.
    middle = TrainedVoice(pitch_hz=float(np.exp(5.05)), spread=0.2, pace=13.0)
    assert middle.condition() == pytest.approx(np.zeros(TIMBRE + 3), abs=1e-6)
