"""Tables of corpora: CSV, TSV, and LJSpeech's bars."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path

from speechzip.pipeline import InputError

AUDIO_SUFFIXES = (".flac", ".wav", ".mp3", ".ogg", ".opus")
"""Suffixes to try if a corpus names a recording without one."""


def read_table(path: Path, needed: Collection[str], delimiter: str = ",") -> list[dict[str, str]]:
    """Return the rows of a table with a header line, as column name -> cell.

    Raises:
        InputError: it cannot be read, or lacks one of the `needed` columns.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            if delimiter == ",":
                reader = csv.DictReader(file, restval="", strict=True)
            else:
                reader = csv.DictReader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE, restval="")
            columns = reader.fieldnames or []
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a table: {error}") from error
    missing = [column for column in needed if column not in columns]
    if missing:
        raise InputError(f"{path} has no column {missing[0]!r} (it has: {', '.join(columns)}); add it")
    return rows


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file that are not blank.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return [line for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as text: {error}") from error


def find_recording(folder: Path, stem: str) -> Path:
    """Return the path of the recording `stem` in `folder`; if there is none, its expected path."""
    for suffix in AUDIO_SUFFIXES:
        if (path := folder / f"{stem}{suffix}").is_file():
            return path
    return folder / f"{stem}{AUDIO_SUFFIXES[0]}"
