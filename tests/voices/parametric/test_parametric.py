from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from speechzip.pipeline import MAX_VOICE_BYTES, resample
from speechzip.voices import ParametricVoice, ParametricVoiceEncoder
from speechzip.voices.spaces.parametric_voice import SIZE


@given(st.binary(min_size=SIZE, max_size=SIZE))
def test_any_bytes_are_a_voice_and_come_back(embedding: bytes) -> None:
    assert ParametricVoice.from_bytes(embedding).to_bytes() == embedding


def test_fields() -> None:
    voice = ParametricVoice(
        pitch_hz=100,
        pitch_deviation_semitones=3.1,
        speaking_rate_cps=14.4,
        envelope_correction_db=(-99, 99, *[3.1] * 14),
    )
    decoded = ParametricVoice.from_bytes(voice.to_bytes())
    assert (decoded.pitch_hz, decoded.pitch_deviation_semitones, decoded.speaking_rate_cps) == (100, 3.0, 14.0)
    assert decoded.envelope_correction_db == (-16, 14, *[4.0] * 14)
    assert ParametricVoice.from_bytes(b"") == ParametricVoice.from_bytes(ParametricVoice().to_bytes())
    assert len(voice.to_bytes()) == SIZE <= MAX_VOICE_BYTES


def test_silence_and_whispers_have_a_voice_too() -> None:
    encoder = ParametricVoiceEncoder()
    noise = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    for samples in (np.zeros(16000, np.float32), noise, noise[:10]):
        voice = ParametricVoice.from_bytes(encoder.encode(samples, "Psst.").embedding)
        assert voice.pitch_hz == pytest.approx(140, rel=0.01) or samples is noise


@pytest.mark.slow
def test_men_and_women_and_the_same_speaker_twice(evalset: Path) -> None:
    encoder = ParametricVoiceEncoder()
    with open(evalset / "manifest.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["category"] == "libri_clean"]
    pitch: dict[str, list[float]] = {}
    women = {row["speaker"] for row in rows if row["gender"] == "F"}
    for row in rows:
        samples, _ = soundfile.read(str(evalset / row["path"]), dtype="float32")
        voice = ParametricVoice.from_bytes(encoder.encode(samples, row["transcript"]).embedding)
        pitch.setdefault(row["speaker"], []).append(voice.pitch_hz)
    middle = {speaker: float(np.median(values)) for speaker, values in pitch.items()}
    assert max(value for speaker, value in middle.items() if speaker not in women) < 165
    assert min(value for speaker, value in middle.items() if speaker in women) > 150
    unsteady = [speaker for speaker, values in pitch.items() if max(values) / min(values) > 1.35]
    assert len(unsteady) <= 3  # some read dialogue in other people's voices


def test_a_telephone_does_not_muffle_the_voice(evalset: Path) -> None:
    samples, _ = soundfile.read(str(evalset / "libri_clean/121-127105-0000.flac"), dtype="float32")
    narrow = resample(resample(samples, 16000, 8000), 8000, 16000)
    full, telephone = (
        ParametricVoice.from_bytes(ParametricVoiceEncoder().encode(sound, "x" * 120).embedding)
        for sound in (samples, narrow)
    )
    assert telephone.envelope_correction_db[14:] == (0, 0)  # unknown, not missing
    assert telephone.envelope_correction_db[:11] == pytest.approx(full.envelope_correction_db[:11], abs=2)
    assert telephone.pitch_hz == pytest.approx(full.pitch_hz, rel=0.03)
