"""The recordings of a corpus, and words and silences in each."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from ...acoustics.melspectrum import normalized
from ...acoustics.vocoder import SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class CorpusRecording:
    """One line of the manifest."""

    path: Path
    """Path of the sound file."""
    speaker: str
    """Name of the speaker."""
    transcript: str
    """Words of the recording."""

    @property
    def key(self) -> str:
        """Name of its files in the build folder."""
        return f"{self.path.parent.name}_{self.path.stem}"


def read_manifest(folder: Path) -> list[CorpusRecording]:
    """Return the recordings of `folder`, which holds a `manifest.csv` with path, speaker and transcript."""
    with open(folder / "manifest.csv", encoding="utf-8", newline="") as file:
        return [
            CorpusRecording(folder / row["path"], row["speaker"], row["transcript"]) for row in csv.DictReader(file)
        ]


def load_samples(path: Path) -> npt.NDArray[np.float32]:
    """Return a recording at the level of the training: float32 [T], mono, 16 kHz."""
    samples, sample_rate = soundfile.read(str(path), dtype="float32")
    if sample_rate != SAMPLE_RATE or samples.ndim != 1:
        raise ValueError(f"{path}: has {sample_rate} Hz and {samples.ndim} dimensions, but 16000 Hz mono is needed")
    return normalized(samples)


@dataclass(frozen=True, slots=True)
class Span:
    """A group of phones, or a silence (`group` is -1), in frames of 10 ms."""

    group: int
    """Index into `pronounced` of the transcript."""
    durations: tuple[int, ...]
    """Frames of each of its phones, at least 1 each."""
