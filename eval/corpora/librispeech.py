"""LibriSpeech: ``test-clean/121/121726/121-121726.trans.txt`` beside its FLAC files.

A line of a transcript file is ``121-121726-0003 HAY FEVER A HEART TROUBLE``: speaker,
chapter and number, then the words (Panayotov et al. 2015).
"""

from __future__ import annotations

from pathlib import Path

from ..types import Item, Turn
from .tables import find_recording, read_lines


def matches(path: Path) -> bool:
    """Return whether a folder is laid out so."""
    return path.is_dir() and next(path.rglob("*.trans.txt"), None) is not None


def read(path: Path) -> list[Item]:
    """Return the utterances below a folder; each split, such as ``test-clean``, is a category."""
    items: list[Item] = []
    for transcripts in sorted(path.rglob("*.trans.txt")):
        split = transcripts.relative_to(path).parts[0]
        category = path.name if split.isdigit() or split == transcripts.name else split
        for line in read_lines(transcripts):
            name, _, transcript = line.partition(" ")
            recording = find_recording(transcripts.parent, name)
            turn = Turn(transcript.strip(), speaker=name.split("-")[0])
            items.append(Item(recording.relative_to(path).as_posix(), recording, (turn,), category))
    return items
