from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.pipeline import Voice
from speechzip.pipeline.types import SCALABLE_SPACES
from speechzip.voices import ScalableVoice, TrainedVoice
from speechzip.voices.spaces.scalable_voice import CLASSES, ENVELOPE, ORDER, SIZES, SPACE, TIMBRE, count
from speechzip.voices.spaces.trained_voice import unpacked_prosody


def test_bytes() -> None:
    voice = ScalableVoice(
        pitch_hz=100,
        pitch_deviation=0.2,
        speaking_rate_pps=13,
        timbre=(1.0, -1.0, *(1 / 7,) * 18),
        envelope=(-1.0, *(1 / 7,) * 16),
        classes=(1.0, *(1 / 7,) * 127),
    )
    # 64 steps are an octave above 50 Hz; 0.05 + 5 * 0.03; 7 + 6; then threes of bits: 5 of the timbre, 11 of the
    # envelope.
    numbers = [7, 0, 4, 4, 4, 0, *[4] * 10, *[4] * 15, *[4] * 6, 7, *[4] * 127]
    for size in SIZES:
        sent = numbers[: (8 * size - 16) // 3]
        expected = 64 | 5 << 8 | 6 << 12 | sum(number << (16 + 3 * place) for place, number in enumerate(sent))
        assert voice.to_bytes(size) == expected.to_bytes(size, "little")


def test_every_number_has_one_place() -> None:
    assert sorted(ORDER) == list(range(TIMBRE + ENVELOPE + CLASSES))
    assert [count(size) for size in SIZES] == [16, 37, 80, 165]
    assert [16 + 3 * count(size) for size in SIZES] == list(SCALABLE_SPACES[SPACE].values())


@given(st.binary(min_size=64, max_size=64))
def test_the_first_bytes_are_a_voice_too(embedding: bytes) -> None:
    embedding = embedding[:-1] + bytes([embedding[-1] & 0x7F])  # the last bit has no meaning
    whole = ScalableVoice.from_bytes(embedding)
    for size in SIZES:
        short = Voice(SPACE, embedding).shortened(size).embedding
        voice = ScalableVoice.from_bytes(short)
        assert len(short) == size
        assert voice == ScalableVoice.from_bytes(embedding[:size])
        assert voice.to_bytes(size) == short
        assert (voice.pitch_hz, voice.timbre[:5]) == (whole.pitch_hz, whole.timbre[:5])
        kept = sum(number != 0 for part in (voice.timbre, voice.envelope, voice.classes) for number in part)
        assert kept == count(size)  # no value of three bits is 0


@given(st.binary(max_size=70))
def test_any_bytes_are_a_voice(embedding: bytes) -> None:
    voice = ScalableVoice.from_bytes(embedding)
    assert 50 <= voice.pitch_hz < 800
    assert 0.05 <= voice.pitch_deviation <= 0.5
    assert 7 <= voice.speaking_rate_pps <= 22
    assert all(-1 <= number <= 1 for part in (voice.timbre, voice.envelope, voice.classes) for number in part)
    assert voice.condition(128).shape == (131,)


@pytest.mark.parametrize("pitch_hz", [1e-3, 1e6])
def test_what_does_not_fit_is_the_nearest_that_does(pitch_hz: float) -> None:
    voice = ScalableVoice(pitch_hz, 9.0, 99.0, (7.0,) * TIMBRE, (-9.0,) * ENVELOPE)
    again = ScalableVoice.from_bytes(voice.to_bytes())
    assert again.pitch_hz in (50, pytest.approx(50 * 2 ** (255 / 64)))
    assert (again.speaking_rate_pps, again.timbre[0], again.envelope[0]) == (22, 1, -1)


def test_condition() -> None:
    middle = ScalableVoice(pitch_hz=float(np.exp(5.05)), timbre=(0.5,) * TIMBRE)
    assert middle.condition(24) == pytest.approx([*[0.5] * TIMBRE, *[0.0] * 7], abs=1e-6)


def test_pitch_and_rate_stand_where_they_did() -> None:
    first = Voice("trained-1", TrainedVoice(123.0, 0.2, 15.0).to_bytes())
    second = Voice("trained-2", ScalableVoice(123.0, 0.2, 15.0).to_bytes())
    assert first.embedding[:2] == second.embedding[:2]
    for voice in (first, second):
        decoded = unpacked_prosody(voice.embedding)
        assert decoded.pitch_hz == pytest.approx(123, rel=0.01)
        assert decoded.speaking_rate_pps == 15
