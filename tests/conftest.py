"""Fakes that stand in for the engines, and the recordings that tests may use."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from speechzip.pipeline import Audio, Payload, Samples, Speaker, Transcript, Utterance, Voice

EVALSET = Path(__file__).resolve().parents[2] / "shared" / "evalset"
GOLDEN = Path(__file__).parent / "golden"


class FakeRecognizer:
    """Says the lines of a script, one for each stretch."""

    name = "fake"

    def __init__(self, script: Iterable[str] = (), confidence: float = 0.95) -> None:
        self.script = list(script)
        self.confidence = confidence
        self.heard: list[Samples] = []

    def transcribe(self, samples: Samples) -> Transcript:
        self.heard.append(samples)
        text = self.script[(len(self.heard) - 1) % len(self.script)] if self.script else f"Line {len(self.heard)}."
        return Transcript(text, self.confidence)


class FakeVoiceEncoder:
    """Measures how loud somebody is."""

    name = "fake"
    space = "classical"

    def encode(self, samples: Samples, transcript: str) -> Voice:
        return Voice(self.space, bytes([min(255, int(1000 * np.abs(samples).mean())), len(transcript) % 256]))


class FakeSynthesizer:
    """Hums for as long as it is asked to."""

    name = "fake"
    spaces = frozenset({"classical"})
    sample_rate = 16_000

    def __init__(self) -> None:
        self.asked: list[tuple[str, Voice | None, float | None, str]] = []

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        self.asked.append((text, voice, duration_s, language))
        return np.full(round((duration_s or 1.0) * self.sample_rate), 0.25, np.float32)


@pytest.fixture
def payload() -> Payload:
    """Two people on two channels, who interrupt each other."""
    anna = Speaker(Voice("classical", bytes(range(10))), channel=0)
    ben = Speaker(Voice("classical", bytes(range(100, 110))), channel=1)
    return Payload(
        speakers=(anna, ben),
        utterances=(
            Utterance(0.5, 2.0, 0, "Hello, is anybody there?", 0.96),
            Utterance(2.25, 1.5, 1, "Yes, I am here.", 0.88),
            Utterance(3.0, 1.0, 0, "Good.", 0.5),
            Utterance(9.0, 3.25, 1, "Let's meet at 12:45, O'Neill-Ångström said.", 0.75),
        ),
        duration_s=12.5,
        channels=2,
    )


@pytest.fixture(scope="session")
def wheel_recording() -> Callable[[str], Path]:
    """Paths of the real recordings inside the recognizer's wheel: beckett.wav and two_cities.wav."""
    package = importlib.util.find_spec("moonshine_voice")
    assert package is not None
    assert package.submodule_search_locations is not None
    folder = Path(package.submodule_search_locations[0]) / "assets"
    return lambda name: folder / name


@pytest.fixture(scope="session")
def evalset() -> Path:
    """The evaluation recordings, where they are at hand."""
    if not EVALSET.is_dir():
        pytest.skip("the evaluation recordings (../shared/evalset) are not here")
    return EVALSET


def bursts(*spans: tuple[float, float], duration_s: float, sample_rate: int = 16_000) -> Audio:
    """Return quiet with a loud hum in each span (start, end), in seconds: speech to a `loud` detector."""
    samples = np.zeros(int(duration_s * sample_rate), np.float32)
    time_s = np.arange(len(samples)) / sample_rate
    for start_s, end_s in spans:
        inside = (time_s >= start_s) & (time_s < end_s)
        samples[inside] = 0.5 * np.sin(2 * np.pi * 150 * time_s[inside])
    return Audio(samples, sample_rate)


def loud(chunk: object) -> float:
    """Stand in for the speech detector: loud is speech."""
    return float(np.abs(np.asarray(chunk, np.float32)).max() > 0.1)
