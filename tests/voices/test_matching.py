from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speechzip.pipeline import Samples, Voice, VoiceError, resample
from speechzip.voices import ClassicalVoice, ClassicalVoiceEncoder, VoiceStore
from speechzip.voices.matching import CLASSICAL_THRESHOLD, best_match, classical_distance

Utterances = list[tuple[Samples, str]]


def classical(pitch_hz: float, colour_db: float = 0.0) -> Voice:
    return Voice("classical", ClassicalVoice(pitch_hz=pitch_hz, colour_db=(colour_db,) * 16).to_bytes())


def measured(utterances: Utterances) -> Voice:
    return ClassicalVoiceEncoder().encode(
        np.concatenate([samples for samples, _ in utterances]), " ".join(text for _, text in utterances)
    )


def load(path: Path) -> Samples:
    samples, rate = soundfile.read(str(path), dtype="float32")
    return resample(samples, rate, 16_000)


def read(folder: Path, rows: Sequence[dict[str, str]]) -> Utterances:
    return [(load(folder / row["path"]), row["transcript"]) for row in rows]


def test_distance() -> None:
    assert classical_distance(classical(120), classical(120)) == 0
    # 12 semitones are 12 / 1.9 standard deviations of one of 19 features.
    assert classical_distance(classical(100), classical(200)) == pytest.approx(12 / 1.9 / 19**0.5, rel=1e-3)
    assert classical_distance(classical(100), classical(200)) == classical_distance(classical(200), classical(100))


def test_the_nearest_if_it_is_near_and_alone() -> None:
    near, far = classical(121), classical(220, 6)
    assert best_match(classical(120), [far, near]) == 1
    assert best_match(classical(120), [far]) is None
    assert best_match(classical(120), []) is None
    assert best_match(classical(120), [near, near]) is None  # which of the two?
    assert best_match(classical(120), [near, classical(150)]) == 0


def test_a_clip_is_compared_with_nobody() -> None:
    with pytest.raises(VoiceError, match="--voice-encoder classical"):
        best_match(Voice("clip", b"x"), [classical(100)])


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
        assert min(classical_distance(heard, other) for other in others) > CLASSICAL_THRESHOLD


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
    """Return the first rows that last at least so long."""
    lengths = np.cumsum([float(row["seconds"]) for row in rows])
    return list(rows[: int(np.searchsorted(lengths, seconds)) + 1])
