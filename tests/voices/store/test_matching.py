from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speechzip.pipeline import Samples, Voice, VoiceError, resample
from speechzip.voices import ParametricVoice, ParametricVoiceEncoder, ScalableVoice, TrainedVoiceEncoder, VoiceStore
from speechzip.voices.store.matching import (
    PARAMETRIC_THRESHOLD,
    TRAINED_THRESHOLD,
    best_match,
    parametric_distance,
    trained_distance,
)

Utterances = list[tuple[Samples, str]]


def parametric(pitch_hz: float, envelope_correction_db: float = 0.0) -> Voice:
    return Voice(
        "classical",
        ParametricVoice(pitch_hz=pitch_hz, envelope_correction_db=(envelope_correction_db,) * 16).to_bytes(),
    )


def measured(utterances: Utterances) -> Voice:
    return ParametricVoiceEncoder().encode(
        np.concatenate([samples for samples, _ in utterances]), " ".join(text for _, text in utterances)
    )


def load(path: Path) -> Samples:
    samples, rate = soundfile.read(str(path), dtype="float32")
    return resample(samples, rate, 16_000)


def read(folder: Path, rows: Sequence[dict[str, str]]) -> Utterances:
    return [(load(folder / row["path"]), row["transcript"]) for row in rows]


def test_distance() -> None:
    assert parametric_distance(parametric(120), parametric(120)) == 0
    # 12 semitones are 12 / 1.9 standard deviations of one of 19 features.
    assert parametric_distance(parametric(100), parametric(200)) == pytest.approx(12 / 1.9 / 19**0.5, rel=1e-3)
    assert parametric_distance(parametric(100), parametric(200)) == parametric_distance(
        parametric(200), parametric(100)
    )


def test_the_nearest_if_it_is_near_and_alone() -> None:
    near, far = parametric(121), parametric(220, 6)
    assert best_match(parametric(120), [far, near]) == 1
    assert best_match(parametric(120), [far]) is None
    assert best_match(parametric(120), []) is None
    assert best_match(parametric(120), [near, near]) is None  # which of the two?
    assert best_match(parametric(120), [near, parametric(150)]) == 0


def test_a_clip_is_compared_with_nobody() -> None:
    with pytest.raises(VoiceError, match="nobody can be recognized by a voice in the space 'clip'"):
        best_match(Voice("clip", b"x"), [parametric(100)])


def test_the_reader_again_and_a_stranger(wheel_recording: Callable[[str], Path], tmp_path: Path) -> None:
    dickens, rate = soundfile.read(str(wheel_recording("two_cities.wav")), dtype="float32", always_2d=True)
    beckett, beckett_rate = soundfile.read(str(wheel_recording("beckett.wav")), dtype="float32", always_2d=True)
    reader = resample(np.ascontiguousarray(dickens[:, 0]), rate, 16_000)
    half = len(reader) // 2
    store = VoiceStore(tmp_path)
    enrolled = store.add("Reader", measured([(reader[:half], "x" * (half // 1100))]))
    assert store.match(measured([(reader[half:], "x" * (half // 1100))])) == enrolled.voice
    stranger = resample(np.ascontiguousarray(beckett[:, 0]), beckett_rate, 16_000)
    assert store.match(measured([(stranger, "x" * 80)])) is None


@pytest.mark.corpus
def test_strangers_are_not_matched(evalset: Path) -> None:
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with open(evalset / "manifest.csv", newline="") as file:
        for row in csv.DictReader(file):
            if row["category"] == "libri_clean":
                rows[row["speaker"]].append(row)
    assert len(rows) == 12
    enrolled = {speaker: measured(read(evalset, own[:-1])) for speaker, own in rows.items()}
    for speaker, own in rows.items():
        others = [voice for other, voice in enrolled.items() if other != speaker]
        heard = measured(read(evalset, own[-1:]))
        assert best_match(heard, others) is None
        assert min(parametric_distance(heard, other) for other in others) > PARAMETRIC_THRESHOLD


@pytest.mark.corpus
def test_people_enrolled_from_half_a_minute_are_mostly_recognized(evalset: Path) -> None:
    folder = evalset.parent / "voicedata"
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with open(folder / "manifest.csv", newline="") as file:
        for row in csv.DictReader(file):
            rows[row["speaker"]].append(row)
    well_known = [own for own in rows.values() if sum(float(row["seconds"]) for row in own) > 200][:8]
    enrolled = [measured(read(folder, _lasting(own, 30))) for own in well_known]
    recognized = [best_match(measured(read(folder, _lasting(own[::-1], 15))), enrolled) for own in well_known]
    assert all(found in (None, index) for index, found in enumerate(recognized))
    assert sum(found is not None for found in recognized) >= 4


def _lasting(rows: Sequence[dict[str, str]], seconds: float) -> list[dict[str, str]]:
    """Return the first rows that together last at least this long."""
    lengths = np.cumsum([float(row["seconds"]) for row in rows])
    return list(rows[: int(np.searchsorted(lengths, seconds)) + 1])


def trained(utterances: Utterances) -> Voice:
    return TrainedVoiceEncoder().encode(
        np.concatenate([samples for samples, _ in utterances]), " ".join(text for _, text in utterances)
    )


def test_distance_of_trained_voices() -> None:
    low, high = (Voice("trained-2", ScalableVoice(pitch_hz=hz).to_bytes(16)) for hz in (100, 200))
    assert trained_distance(low, low) == 0
    # 12 semitones are 8 standard deviations of one of 23 features.
    assert trained_distance(low, high) == pytest.approx(8 / 23**0.5, rel=1e-6)
    corrected = Voice("trained-2", ScalableVoice(pitch_hz=100, envelope=(1.0,) * 17).to_bytes())
    assert trained_distance(low, corrected) == 0
    # 8 bytes have five numbers of the timbre: only these are compared.
    assert trained_distance(low.shortened(8), high) == pytest.approx(8 / 8**0.5, rel=1e-6)


@pytest.mark.corpus
@pytest.mark.models
def test_trained_voices_of_readers_never_heard(evalset: Path) -> None:
    voices: dict[str, list[Voice]] = defaultdict(list)
    with open(evalset / "manifest.csv", newline="") as file:
        for row in csv.DictReader(file):
            if row["category"] == "libri_clean":
                voices[row["speaker"]].append(trained(read(evalset, [row])))
    assert len(voices) == 12
    pairs = [(a, b, x is y) for x in voices.values() for y in voices.values() for a in x for b in y if a is not b]
    same = [trained_distance(a, b) for a, b, alike in pairs if alike]
    different = [trained_distance(a, b) for a, b, alike in pairs if not alike]
    assert np.mean(np.array(different) <= TRAINED_THRESHOLD) < 0.01
    assert np.mean(np.array(same) <= TRAINED_THRESHOLD) > 0.35
