"""Conversations: ``turns.csv`` with ``dialogue,start_s,duration_s,speaker,transcript``, one row a turn.

The recording of ``dialogue1`` is the file of that name beside the table, with
anything between name and suffix: ``dialogue1.stereo.flac``.
"""

from __future__ import annotations

from pathlib import Path

from speechzip.pipeline import InputError

from ..types import Item, Turn
from .tables import AUDIO_SUFFIXES, read_table

TABLE = "turns.csv"


def matches(path: Path) -> bool:
    """Return whether a folder is laid out so."""
    return (path / TABLE).is_file()


def read(path: Path) -> list[Item]:
    """Return the conversations of a folder, each with its turns by their start."""
    turns: dict[str, list[Turn]] = {}
    for row in read_table(path / TABLE, ("dialogue", "start_s", "duration_s", "speaker", "transcript")):
        try:
            start_s, duration_s = float(row["start_s"]), float(row["duration_s"])
        except ValueError as error:
            raise InputError(f"{path / TABLE}: a turn of {row['dialogue']} has no time in seconds: {error}") from error
        turn = Turn(row["transcript"] or None, row["speaker"], start_s, duration_s)
        turns.setdefault(row["dialogue"], []).append(turn)
    return [
        Item(
            id=f"{path.name}/{name}",
            path=_recording(path, name),
            turns=tuple(sorted(turns[name], key=lambda turn: turn.start_s)),
            category=path.name,
        )
        for name in turns
    ]


def _recording(folder: Path, name: str) -> Path:
    candidates = sorted(path for path in folder.glob(f"{name}.*") if path.suffix in AUDIO_SUFFIXES)
    return candidates[0] if candidates else folder / f"{name}{AUDIO_SUFFIXES[0]}"
