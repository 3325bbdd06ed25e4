from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speechzip.pipeline import Audio, AudioError, Samples, VoiceEncoder, compress, open_recording
from speechzip.pipeline.audio.leveling import (
    MOST_LIVE_GAIN_DB,
    SteadyRecording,
    SteadyStream,
    amplified,
    measure_levels,
)
from speechzip.pipeline.segments.channels import splits

RATE = 16_000


def babble(*spans: tuple[float, float], duration_s: float = 20.0, level: float = 0.2, seed: int = 0) -> Samples:
    """Return bursts of noise on a floor 50 dB below: its levels are those of speech with pauses."""
    random = np.random.default_rng(seed)
    time_s = np.arange(int(duration_s * RATE)) / RATE
    spoken = np.any([(time_s >= start_s) & (time_s < end_s) for start_s, end_s in spans], axis=0)
    return (random.normal(0, level, len(time_s)) * np.where(spoken, 1.0, 0.003)).astype(np.float32)


FIRST, SECOND = ((0.0, 4.0), (9.0, 13.0)), ((5.0, 8.0), (14.0, 19.0))


def decibels(value: float) -> float:
    return float(10 ** (value / 20))


@pytest.mark.parametrize("offset", [0.5, -0.25])
def test_a_constant_offset_goes(offset: float) -> None:
    speech = babble(*FIRST)
    opened = open_recording(Audio(speech + np.float32(offset), RATE))
    levels = measure_levels(opened)
    steady = np.concatenate(list(SteadyRecording(opened, levels.offset).blocks()))[:, 0]
    assert levels.offset[0] == pytest.approx(offset, abs=0.002)
    assert np.abs(steady - speech).max() < 0.002
    assert levels.common_gain == 1.0


def test_quiet_sound_is_amplified_and_other_sound_is_left_as_it_is() -> None:
    quiet = measure_levels(open_recording(Audio(babble(*FIRST, level=decibels(-70)), RATE)))
    (block,) = amplified([np.full((4, 1), 1e-4, np.float32)], quiet.common_gain)
    assert 20 * np.log10(quiet.common_gain) == pytest.approx(-26 + 70, abs=3)
    assert block[0, 0] == pytest.approx(1e-4 * quiet.common_gain)
    assert measure_levels(open_recording(Audio(babble(*FIRST, level=0.02), RATE))).common_gain == 1.0
    assert measure_levels(open_recording(Audio(np.zeros(RATE, np.float32), RATE))).common_gain == 1.0
    assert np.abs(next(amplified([np.ones((4, 1), np.float32)], 30.0))).max() == 1.0


def test_a_second_party_far_below_the_first_is_a_party() -> None:
    call = np.stack([babble(*FIRST), decibels(-40) * babble(*SECOND, seed=1)], axis=1).astype(np.float32)
    recording = open_recording(Audio(call, RATE))
    assert splits(recording, "auto")
    gain = measure_levels(recording).gain
    assert gain[0] == 1.0
    assert 20 * np.log10(gain[1]) > 20


@pytest.mark.parametrize("other", ["leak", "noise", "silence"])
def test_what_lies_far_below_a_speaker_need_not_be_a_party(other: str) -> None:
    voice = babble(*FIRST, *SECOND)
    faint = {
        "leak": decibels(-40) * voice,
        "noise": np.random.default_rng(2).normal(0, 0.002, len(voice)),
        "silence": np.zeros(len(voice)),
    }[other]
    assert not splits(open_recording(Audio(np.stack([voice, faint], axis=1).astype(np.float32), RATE)), "auto")


@pytest.mark.parametrize("in_memory", [True, False])
def test_samples_on_the_scale_of_integers_are_told(tmp_path: Path, in_memory: bool) -> None:
    loud = 32767 * babble(*FIRST)
    path = tmp_path / "loud.wav"
    soundfile.write(str(path), loud, RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"samples up to \d+, where full scale is 1: .* divide them by 32768"):
        list(open_recording(Audio(loud, RATE) if in_memory else path).blocks())
    soundfile.write(str(path), 10 * babble(*FIRST), RATE, subtype="FLOAT")  # as some editors write it
    assert sum(len(block) for block in open_recording(path).blocks()) == len(loud)


@pytest.mark.models
@pytest.mark.parametrize("harm", ["quiet", "offset", "inverted"])
def test_odd_sound_is_read_like_the_sound_it_was(
    harm: str, wheel_recording: Callable[[str], Path], quick_voices: VoiceEncoder
) -> None:
    samples, rate = soundfile.read(str(wheel_recording("beckett.wav")), dtype="float32")
    rms = float(np.sqrt(np.square(samples).mean()))
    spoilt = {
        "quiet": np.round(samples * decibels(-70) / rms * 32768) / 32768,  # as 16 bits hold it
        "offset": 0.5 * samples + 0.5,
        "inverted": np.stack([samples, -samples], axis=1),
    }[harm]
    compressed = compress(Audio(spoilt.astype(np.float32), rate), voice_encoder=quick_voices, speaker_count=1)
    assert compressed.text.startswith("Ever tried")
    assert "better" in compressed.text.lower()


@pytest.mark.models
@pytest.mark.corpus
def test_a_quiet_party_of_a_real_conversation_keeps_its_words(evalset: Path, quick_voices: VoiceEncoder) -> None:
    path = evalset / "dialogues" / "dialogue3.stereo.flac"
    call, rate = soundfile.read(str(path), dtype="float32")
    faint = np.asarray(call * np.array([1.0, 0.01]), np.float32)
    loud, quiet = (compress(Audio(sound, rate), voice_encoder=quick_voices) for sound in (call, faint))
    said = [[one.text for one in result.payload.utterances if one.speaker == 1] for result in (loud, quiet)]
    assert quiet.payload.channels == 2
    assert sum(len(text) for text in said[1]) > 0.9 * sum(len(text) for text in said[0]) > 50


def streamed(samples: Samples, block_s: float = 0.1) -> Samples:
    stream, length = SteadyStream(RATE), int(block_s * RATE)
    return np.concatenate([stream.push(samples[start : start + length]) for start in range(0, len(samples), length)])


def loud_db(samples: Samples) -> float:
    return float(measure_levels(open_recording(Audio(samples, RATE))).loud_db[0])


@pytest.mark.slow
@pytest.mark.parametrize("block_s", [0.003, 0.02, 0.1, 5.0])
def test_live_sound_loses_its_offset(block_s: float) -> None:
    speech = babble(*FIRST)
    steady = streamed(speech + np.float32(0.5), block_s)
    assert abs(float(steady.mean())) < 0.01
    assert np.abs(steady - speech)[RATE:].max() < 0.05
    assert np.array_equal(streamed(speech, block_s), speech)


def test_quiet_live_sound_is_amplified() -> None:
    quiet = babble(*FIRST, level=0.2 * decibels(-45))
    assert loud_db(streamed(quiet)) == pytest.approx(-26, abs=4)
    faint = babble(*FIRST, level=0.2 * decibels(-70))
    assert loud_db(streamed(faint)) == pytest.approx(loud_db(faint) + MOST_LIVE_GAIN_DB, abs=1)
    assert np.array_equal(streamed(np.zeros(RATE, np.float32)), np.zeros(RATE, np.float32))


def test_loud_live_sound_ends_the_amplification_at_once() -> None:
    quiet, speech = babble(*FIRST, level=0.2 * decibels(-45)), babble(*FIRST)
    steady = streamed(np.concatenate([quiet, speech]))
    assert np.array_equal(steady[len(quiet) :], speech)
    again = streamed(np.concatenate([speech[: 2 * RATE], quiet]))
    assert np.array_equal(again[: 11 * RATE], np.concatenate([speech[: 2 * RATE], quiet])[: 11 * RATE])
    assert loud_db(again[13 * RATE :]) == pytest.approx(-26, abs=4)


def test_no_live_sound() -> None:
    assert len(SteadyStream(RATE).push(np.zeros(0, np.float32))) == 0
