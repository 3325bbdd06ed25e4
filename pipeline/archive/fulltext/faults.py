"""Errors of SQLite as ours."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ...console.display import shown_name
from ...errors import OutputError, Remedy

_DAMAGED = (11, 26)
"""SQLITE_CORRUPT and SQLITE_NOTADB."""
_BUSY = (5, 6)
"""SQLITE_BUSY and SQLITE_LOCKED."""


class IndexDamaged(OutputError):
    """The index is no database, or contradicts itself: it has to be made again."""


class IndexBusy(OutputError):
    """Another process writes to the index for longer than this one waits."""


def fault(path: Path, error: sqlite3.Error, what: str) -> OutputError:
    """Return an error of SQLite as ours.

    Args:
        path: of the index.
        error: what SQLite says.
        what: what cannot be done with the index.
    """
    if _is_damage(error):
        return damaged(path)
    if _is_busy(error):
        return IndexBusy(f"the index {shown_name(path)} is in use; try again")
    remedies: tuple[Remedy, ...] = ("rebuild_index",) if what == "read" else ()
    return OutputError(f"the index {shown_name(path)} cannot be {what}: {error}", remedies=remedies)


def damaged(path: Path) -> IndexDamaged:
    """Return the error of a damaged index."""
    return IndexDamaged(f"the index {shown_name(path)} is damaged", remedies=("rebuild_index",))


def _is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error says that the file is damaged."""
    signs = ("malformed", "not a database", "decode to UTF-8", "invalid fts5 file format")
    return _code(error) in _DAMAGED or any(sign in str(error) for sign in signs)


def _is_busy(error: sqlite3.Error) -> bool:
    return _code(error) in _BUSY or "locked" in str(error)


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code; 0 in Python 3.10, which does not tell it."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
