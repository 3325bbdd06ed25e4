"""Fixtures: a payload, and the recordings that tests may use."""

from __future__ import annotations

import importlib.util
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import archive_engines
import numpy as np
import pytest
import soundfile
from speechzip.pipeline import (
    Payload,
    Samples,
    Speaker,
    Utterance,
    Voice,
    VoiceEncoder,
    compress,
    load_engine,
    recognizer_recording,
    resample,
    utterance_sounds,
)
from speechzip.voices import ClipVoiceEncoder

# Run by `make test-engines`, where the extras are installed; elsewhere they are not collected.
collect_ignore_glob = [] if importlib.util.find_spec("whisper") and importlib.util.find_spec("TTS") else ["engines/*"]

if importlib.util.find_spec("hypothesis"):  # `make test-engines` does without
    from hypothesis import settings

    # On a machine that is busy with other work any example may take a second.
    settings.register_profile("busy", deadline=None)
    settings.load_profile("busy")

EVALSET = Path(__file__).resolve().parents[2] / "shared" / "evalset"


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Keep the tests away from the user's voices; each test has a new data folder."""
    monkeypatch.setenv("SPEECHZIP_DATA", str(tmp_path_factory.mktemp("data")))


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
    return recognizer_recording


@pytest.fixture(scope="session")
def quick_voices() -> VoiceEncoder:
    """The default voice encoder without fitting, which takes seconds: for tests of words, times and speakers."""
    return load_engine("voice_encoder", "trained:quick")


@pytest.fixture(scope="session")
def clips(wheel_recording: Callable[[str], Path]) -> list[Voice]:
    """Clips of the two people in the recordings inside the recognizer's wheel."""
    voices: list[Voice] = []
    for name in ("beckett.wav", "two_cities.wav"):
        samples, rate = soundfile.read(str(wheel_recording(name)), dtype="float32", always_2d=True)
        speech = resample(np.ascontiguousarray(samples[: 10 * rate, 0]), rate, 16_000)
        voices.append(ClipVoiceEncoder().encode(speech, ""))
    return voices


@pytest.fixture(scope="session")
def dickens(wheel_recording: Callable[[str], Path], quick_voices: VoiceEncoder) -> list[tuple[Samples, str]]:
    """The utterances of a reader and their words: 12, 10 and 17 s."""
    path = wheel_recording("two_cities.wav")
    utterances = compress(path, voice_encoder=quick_voices).payload.utterances
    return [(sound, said.text) for sound, said in zip(utterance_sounds(path, utterances), utterances, strict=True)]


@pytest.fixture(scope="session")
def evalset() -> Path:
    """The evaluation recordings, if they are available."""
    if not EVALSET.is_dir():
        pytest.skip("the evaluation recordings (../shared/evalset) are not here")
    return EVALSET


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fake engines for archives, found by this process and by those that it starts."""
    folder = archive_engines.install(tmp_path / "installed")
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])  # worker processes get the path from us
    importlib.invalidate_caches()
    monkeypatch.setenv("PYTHONPATH", archive_engines.python_path(folder))
    return folder


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """Four recordings in folders, and two files that are not recordings."""
    folder = tmp_path / "calls"
    archive_engines.write_recordings(folder, ["2024/may/a.wav", "2024/b.wav", "c.wav", "d.wav"])
    (folder / "notes.txt").write_text("no recording")
    (folder / "2024" / "broken.wav").write_bytes(b"RIFF but then nothing")
    return folder


@pytest.fixture
def without_nohup() -> Iterator[None]:
    """Hear of a closed terminal, and hand that on to what a test starts, also where the tests run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)
