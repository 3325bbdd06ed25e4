from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.voices import TrainedVoice
from speechzip.voices.spaces.trained_voice import CORRECTIONS, SIZE, TIMBRE


def test_bytes() -> None:
    voice = TrainedVoice(
        pitch_hz=100,
        pitch_deviation=0.2,
        speaking_rate_pps=13,
        timbre=(1.0, -1.0, *(1 / 7,) * 18),
        envelope_correction_db=(0.0,) * 15 + (6.0,),
    )
    # 64 steps are an octave above 50 Hz; 0.05 + 5 * 0.03; 7 + 6; then threes of bits: 7, 0, eighteen 4, fifteen 4, 7.
    numbers = [7, 0, *[4] * 33, 7]
    expected = 64 | 5 << 8 | 6 << 12 | sum(number << (16 + 3 * place) for place, number in enumerate(numbers))
    assert voice.to_bytes() == expected.to_bytes(16, "little")
    assert len(voice.to_bytes()) == SIZE


@given(st.binary(max_size=SIZE + 4))
def test_any_bytes_are_a_voice(embedding: bytes) -> None:
    voice = TrainedVoice.from_bytes(embedding)
    assert 50 <= voice.pitch_hz < 800
    assert 0.05 <= voice.pitch_deviation <= 0.5
    assert 7 <= voice.speaking_rate_pps <= 22
    assert all(-1 <= number <= 1 for number in voice.timbre)
    assert all(-8 <= level <= 6 for level in voice.envelope_correction_db)
    again = bytearray(embedding[:SIZE])
    if len(again) == SIZE:
        again[-1] &= 0x0F  # four bits have no meaning
    assert voice.to_bytes()[: len(embedding)] == bytes(again)
    assert voice.condition().shape == (TIMBRE + 3,)
    assert len(voice.envelope_correction_db) == CORRECTIONS


@pytest.mark.parametrize("pitch_hz", [1e-3, 1e6])
def test_what_does_not_fit_is_the_nearest_that_does(pitch_hz: float) -> None:
    voice = TrainedVoice(
        pitch_hz,
        pitch_deviation=9,
        speaking_rate_pps=99,
        timbre=(7.0,) * TIMBRE,
        envelope_correction_db=(-99.0,) * CORRECTIONS,
    )
    again = TrainedVoice.from_bytes(voice.to_bytes())
    assert again.pitch_hz in (50, pytest.approx(50 * 2 ** (255 / 64)))
    assert again.pitch_deviation == pytest.approx(0.5)
    assert (again.speaking_rate_pps, again.timbre[0], again.envelope_correction_db[0]) == (22, 1, -8)


def test_condition() -> None:
    # ln 156 Hz, 0.2 and 13 phones a second are the middle of their scales.
    middle = TrainedVoice(pitch_hz=float(np.exp(5.05)), pitch_deviation=0.2, speaking_rate_pps=13.0)
    assert middle.condition() == pytest.approx(np.zeros(TIMBRE + 3), abs=1e-6)
