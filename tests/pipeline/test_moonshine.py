from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speechzip.pipeline import ENGINE_SAMPLE_RATE, EngineError, resample
from speechzip.pipeline.moonshine import MAX_LENGTH_S, MoonshineRecognizer, loop_length, read_vocabulary, tidy

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def recognizer() -> MoonshineRecognizer:
    return MoonshineRecognizer()


def test_reads_dickens(recognizer: MoonshineRecognizer, wheel_recording: Callable[[str], Path]) -> None:
    samples, rate = soundfile.read(str(wheel_recording("two_cities.wav")), dtype="float32", always_2d=True)
    sound = resample(samples[: 12 * rate, 0], rate, ENGINE_SAMPLE_RATE)
    transcript = recognizer.transcribe(sound)
    assert transcript.text.startswith("It was the best of times. It was the worst of times.")
    assert transcript.confidence > 0.85
    assert transcript.language == "en"


@pytest.mark.parametrize("length", [0, 1, 100, 4000])
def test_very_short_sound(recognizer: MoonshineRecognizer, length: int) -> None:
    assert recognizer.transcribe(np.zeros(length, np.float32)).confidence < 0.5


def test_too_long(recognizer: MoonshineRecognizer) -> None:
    with pytest.raises(EngineError, match="at most 30 s"):
        recognizer.transcribe(np.zeros(int(MAX_LENGTH_S * 16000) + 1, np.float32))


def test_weights_missing_or_broken(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="pip install"):
        MoonshineRecognizer(tmp_path)
    for name in ("tokenizer.bin", "encoder_model.ort", "decoder_model_merged.ort"):
        (tmp_path / name).write_bytes(b"\x05abc")
    with pytest.raises(EngineError, match="cut short"):
        MoonshineRecognizer(tmp_path)


@pytest.mark.parametrize(
    ("tokens", "length"),
    [
        ([], 0),
        ([7] * 11, 0),
        ([7] * 12, 11),
        ([1, 2, 3] * 4, 9),
        ([9, 1, 2, 3, 1, 2, 3, 1, 2, 3], 0),
        (list(range(40)), 0),
        ([5, *[1, 2] * 6], 10),
    ],
)
def test_loops_are_found(tokens: list[int], length: int) -> None:
    assert loop_length(tokens) == length


def test_vocabulary() -> None:
    assert read_vocabulary(b"\x01a\x02bc" + bytes([130, 1]) + b"x" * 130) == [b"a", b"bc", b"x" * 130]


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        (" In short,, it  was. it is..", "In short, it was. It is."),
        ("Well... maybe?? yes", "Well... maybe? Yes"),
        ("At 3.5 e.g. two", "At 3.5 e.g. Two"),
    ],
)
def test_tidy(heard: str, written: str) -> None:
    assert tidy(heard) == written
