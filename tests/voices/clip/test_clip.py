from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.pipeline import MAX_LONG_VOICE_BYTES, Samples, VoiceError, resample
from speechzip.pipeline.audio.ogg import ogg_opus, opus_packets
from speechzip.pipeline.audio.opus import MAX_PACKETS
from speechzip.voices import ClipVoiceEncoder
from speechzip.voices.clip.clip import best_stretch, pack_clip, unpack_clip

RATE = 16_000
WIDEBAND = b"\x48"


@pytest.fixture(scope="module")
def speech(wheel_recording: Callable[[str], Path]) -> Samples:
    samples, rate = soundfile.read(str(wheel_recording("two_cities.wav")), dtype="float32", always_2d=True)
    return resample(np.ascontiguousarray(samples[: 15 * rate, 0]), rate, RATE)


def test_three_seconds_in_three_and_a_half_kilobytes(speech: Samples) -> None:
    voice = ClipVoiceEncoder().encode(speech, "whatever")
    assert voice.space == "clip"
    assert 3000 < len(voice.embedding) < 3900
    decoded = unpack_clip(voice.embedding)
    assert len(decoded) == pytest.approx(3.0 * RATE, abs=0.03 * RATE)
    original = best_stretch(speech, RATE, 3.0)[: len(decoded)]
    assert np.corrcoef(original, decoded[: len(original)])[0, 1] > 0.85


def test_the_same_speech_is_the_same_voice(speech: Samples) -> None:
    assert ClipVoiceEncoder().encode(speech, "") == ClipVoiceEncoder().encode(speech, "")


def test_best_stretch_is_the_loudest() -> None:
    samples = np.full(10 * RATE, 0.01, np.float32)
    samples[4 * RATE : 7 * RATE] = 0.5
    assert best_stretch(samples, RATE, 3.0).min() == np.float32(0.5)
    assert best_stretch(samples[:100], RATE, 3.0) is not None
    assert len(best_stretch(samples[:100], RATE, 3.0)) == 100


@pytest.mark.parametrize("length", [0, 1, 100, 8000])
def test_too_little_speech_is_padded(speech: Samples, length: int) -> None:
    assert 0.4 * RATE < len(unpack_clip(pack_clip(speech[:length], RATE))) < 0.6 * RATE


def test_loud_noise_fits_too() -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, 3 * RATE).astype(np.float32)
    assert len(pack_clip(noise, RATE)) <= MAX_LONG_VOICE_BYTES


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_short_clip_or_refused(junk: bytes) -> None:
    for code in (junk, WIDEBAND + junk):
        with contextlib.suppress(VoiceError):
            samples = unpack_clip(code)
            assert np.isfinite(samples).all()
            assert len(samples) <= len(code) * RATE // 50  # a packet takes two bytes and lasts 20 ms


def test_every_truncation(speech: Samples) -> None:
    code = pack_clip(best_stretch(speech, RATE, 1.0), RATE)
    whole = 0
    for length in range(len(code)):
        with contextlib.suppress(VoiceError):
            assert len(unpack_clip(code[:length])) < RATE
            whole += 1
    assert whole < 60  # only where a packet ends


def test_many_tiny_packets_are_not_played() -> None:
    assert len(unpack_clip(WIDEBAND + b"\x01\x00" * MAX_PACKETS)) <= 10.1 * RATE
    with pytest.raises(VoiceError, match=f"{MAX_PACKETS} is the most"):
        unpack_clip(WIDEBAND + b"\x01\x00" * (MAX_PACKETS + 1))


@pytest.mark.parametrize("code", [b"", WIDEBAND, b"\x4b\x02ab", b"\x4c\x02ab", b"\x48\x00", b"\x48\x05abc"])
def test_no_clips(code: bytes) -> None:
    with pytest.raises(VoiceError, match="not a clip of speech"):
        unpack_clip(code)


@pytest.mark.parametrize("lengths", [[3], [254, 255, 256], [700], [20] * 120, [255] * 51])
def test_packets_go_into_ogg_and_come_back(lengths: list[int]) -> None:
    packets = [bytes([index % 256]) * length for index, length in enumerate(lengths)]
    assert opus_packets(ogg_opus(packets, 960, RATE)) == packets
