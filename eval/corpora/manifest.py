"""A plain manifest: a CSV with ``path,transcript,speaker``, paths relative to it.

Only ``path`` is required. A column ``category`` splits the report. The category
``nonspeech`` has a special meaning: there, an empty transcript is not missing, but says that
nobody speaks. Conversations in folders beside the manifest are included.
"""

from __future__ import annotations

from pathlib import Path

from ..types import Item, Turn
from . import conversations
from .tables import read_table

APART = ("accented",)
"""Categories that are reported in separate rows only."""

TABLE = "manifest.csv"
NONSPEECH = "nonspeech"
"""The category of recordings in which nobody speaks."""
UNKNOWN_SPEAKERS = ("", "?")


def matches(path: Path) -> bool:
    """Return whether `path` is a CSV, or a folder with a manifest in it."""
    return path.suffix == ".csv" if path.is_file() else (path / TABLE).is_file()


def read(path: Path) -> list[Item]:
    """Return the recordings that a manifest lists, and the conversations in the folders beside it."""
    table = path if path.is_file() else path / TABLE
    items = [_item(table.parent, row) for row in read_table(table, ("path",))]
    if not path.is_file():
        for folder in sorted(path.iterdir()):
            if conversations.matches(folder):
                items += conversations.read(folder)
    return items


def _item(folder: Path, row: dict[str, str]) -> Item:
    category = row.get("category") or "all"
    transcript = row.get("transcript") or ("" if category == NONSPEECH else None)
    speaker = row.get("speaker", "")
    turn = Turn(transcript, "" if speaker in UNKNOWN_SPEAKERS or not transcript else speaker)
    return Item(row["path"], folder / row["path"], (turn,), category)
