"""LJSpeech: ``metadata.csv`` with ``id|text|text as it is read``, and ``wavs/id.wav`` (Ito and Johnson 2017)."""

from __future__ import annotations

from pathlib import Path

from ..types import Item, Turn
from .tables import find_recording, read_lines


def matches(path: Path) -> bool:
    """Return whether a folder is laid out so."""
    return (path / "metadata.csv").is_file() and (path / "wavs").is_dir()


def read(path: Path) -> list[Item]:
    """Return the sentences of the one speaker; the text as read takes precedence over the text as written."""
    items: list[Item] = []
    for line in read_lines(path / "metadata.csv"):
        name, *texts = (cell.strip() for cell in line.split("|"))
        recording = find_recording(path / "wavs", name)
        turn = Turn(texts[-1] if texts and texts[-1] else None, speaker="LJ")
        items.append(Item(recording.relative_to(path).as_posix(), recording, (turn,), path.name))
    return items
