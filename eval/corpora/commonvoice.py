"""Common Voice: a TSV like ``test.tsv`` with ``client_id path sentence ...``, and ``clips/`` (Ardila et al. 2020)."""

from __future__ import annotations

from pathlib import Path

from ..types import Item, Turn
from .tables import read_table

TABLES = ("test.tsv", "validated.tsv")
"""Tables of a release; in a folder, the first that exists is used."""


def matches(path: Path) -> bool:
    """Return whether `path` is a release's folder, or one of its tables."""
    return path.suffix == ".tsv" if path.is_file() else any((path / table).is_file() for table in TABLES)


def read(path: Path) -> list[Item]:
    """Return the sentences of a release's folder, or of one of its tables."""
    table = path if path.is_file() else next(path / name for name in TABLES if (path / name).is_file())
    clips = table.parent / "clips"
    return [
        Item(
            id=f"clips/{row['path']}",
            path=clips / row["path"],
            turns=(Turn(row["sentence"] or None, speaker=row["client_id"][:16]),),
            category=table.stem,
        )
        for row in read_table(table, ("client_id", "path", "sentence"), delimiter="\t")
    ]
