"""Engines for archives that worker processes find like any other: by the entry points of an installed package."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from speechzip.pipeline import Samples, SpeakerEmbedding, Transcript, Voice, recognizer_recording

ENTRY_POINTS = """
[speechzip.recognizers]
words = archive_engines:WordsRecognizer
[speechzip.voice_encoders]
still = archive_engines:StillVoiceEncoder
"""


class WordsRecognizer:
    """A recognizer whose text is the length of the segment, and more on request.

    The model is a list of actions, separated by commas: ``sleep=SECONDS``, ``die=FILE`` (kills the process if the file
    exists, and removes it first), ``die`` (always), ``remove=FILE``, ``say=FILE`` (says what stands in it).
    """

    name = "words"

    def __init__(self, model: str = "", language: str = "en") -> None:
        self._actions = [action.partition("=")[::2] for action in model.split(",") if action]

    def transcribe(self, samples: Samples) -> Transcript:
        for action, argument in self._actions:
            if action == "sleep":
                time.sleep(float(argument))
            elif action == "remove":
                Path(argument).unlink(missing_ok=True)
            elif action == "say" and Path(argument).exists():
                return Transcript(Path(argument).read_text(), 0.95)
            elif action == "die" and (not argument or Path(argument).exists()):
                Path(argument or "/nowhere/at/all").unlink(missing_ok=True)
                os.kill(os.getpid(), signal.SIGKILL)
        return Transcript(f"Ever tried for {round(len(samples) / 160)} hundredths.", 0.95)


class StillVoiceEncoder:
    """A voice encoder that gives everybody one voice."""

    name = "still"
    space = "classical"

    def encode(self, samples: Samples, transcript: str) -> Voice:
        return Voice(self.space, bytes(range(10)))


class StillEmbedder:
    """A speaker embedder that hears one person."""

    name = "still"

    def embed(self, samples: Samples) -> SpeakerEmbedding:
        return np.array([1, 0], np.float32)


def install(folder: Path) -> Path:
    """Install the engines into a folder for the path of a process; return the folder."""
    installed = folder / "archive_engines-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "entry_points.txt").write_text(ENTRY_POINTS)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: archive-engines\nVersion: 1.0\n")
    return folder


def python_path(installed: Path) -> str:
    """Return the PYTHONPATH of a process that finds the engines."""
    return os.pathsep.join([str(installed), str(Path(__file__).parent)])


def write_recordings(folder: Path, names: Sequence[str]) -> None:
    """Write short recordings of real speech, each a little longer than the one before."""
    samples, rate = soundfile.read(str(recognizer_recording("beckett.wav")), dtype="float32")
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:  # libsndfile takes no name with any bytes
            soundfile.write(file, samples[: int((1.2 + 0.05 * number) * rate)], rate, format="WAV")


COMMAND = [sys.executable, "-c", "from speechzip.pipeline.cli import main; main()"]
