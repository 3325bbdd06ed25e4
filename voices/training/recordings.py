"""The recordings of a corpus, and words and silences in each."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path


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


@dataclass(frozen=True, slots=True)
class Span:
    """A group of phones, or a silence (`group` is -1), in frames of 10 ms."""

    group: int
    """Index into `phoneme_groups` of the transcript."""
    durations: tuple[int, ...]
    """Frames of each of its phones, at least 1 each."""
