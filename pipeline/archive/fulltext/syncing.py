"""Update the index of an archive with its payloads."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ...console.display import printable, shown_name
from ...errors import InputError, PayloadError, SpeechzipWarning
from ..export.files import names_digest, title_of
from ..export.transcript import NameOf, named_transcript
from ..payloads import payload_files, stored_payload
from ..rows import latest_rows, stamp
from ..stores import SUFFIX, Store
from .faults import IndexBusy, IndexDamaged
from .index import Index

_Read = TypeVar("_Read")
_UNNAMED = re.compile(r"Speaker \d+")
_NUMBERED = re.compile(r"(.*?)(?: \(\d+\))?")
"""A label of `named_transcript`: the name, and a number if it occurs twice."""


@dataclass(slots=True)
class Synced:
    """What was done to an index."""

    added: int = 0
    """Payloads that are new or changed, or whose speakers have other names now."""
    removed: int = 0
    """Payloads that were removed."""
    damaged: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Files that are not payloads, and why; they are skipped."""


def sync(store: Store, index: Index, name_of: NameOf, progress: Callable[[float, float], None] | None = None) -> Synced:
    """Add an archive's new payloads to its index, remove deleted ones, and return what was done.

    A damaged index is made again, with a `SpeechzipWarning`.

    Raises:
        InputError: the archive cannot be listed.
        IndexBusy: another process writes to the index.
        OutputError: the index cannot be written.
    """
    try:
        return _sync(store, index, name_of, progress)
    except IndexDamaged:
        index.replace_damaged()
        return _sync(store, index, name_of, progress)


def is_current(store: Store, index: Index) -> bool:
    """Return whether the index has everything that runs of `archive` wrote, and the names that speakers have now.

    Only `sync` finds files that were copied by hand.

    Raises:
        IndexDamaged: the index is damaged.
    """
    return bool(stamp(store)) and index.stamp == current_stamp(store, names_digest())


def is_new(store: Store, index: Index) -> bool:
    """Return whether the archive is empty, so that an empty index has all of it."""
    return not stamp(store) and not index.files() and next(payload_files(store), None) is None


def current_stamp(store: Store, names: str) -> str:
    """Return the stamp of an index that has everything that runs of `archive` wrote.

    Args:
        store: the archive.
        names: `names_digest` of the names in the index.
    """
    return stamp(store) + _names_of_stamp(names)


def read_current(store: Store, index: Index, update: Callable[[], object], read: Callable[[], _Read]) -> _Read:
    """Return what is read from an index that is brought up to date before.

    While another process writes to the index, it is read as it is, and a damaged one is made again, both with a
    `SpeechzipWarning`.

    Args:
        store: the archive.
        index: its index.
        update: calls `sync`.
        read: reads the index.

    Raises:
        InputError: the archive cannot be listed.
        OutputError: the index cannot be written.
    """
    try:
        if not is_current(store, index):
            _update_unless_busy(index, update)
        return read()
    except IndexDamaged:
        index.replace_damaged()
        update()
        return read()


def _update_unless_busy(index: Index, update: Callable[[], object]) -> None:
    try:
        update()
    except IndexBusy:
        warnings.warn(
            f"another process writes to the index {shown_name(index.path)}: the newest recordings may not be found yet",
            SpeechzipWarning,
            stacklevel=3,
        )


def _sync(store: Store, index: Index, name_of: NameOf, progress: Callable[[float, float], None] | None) -> Synced:
    names = names_digest()
    state = current_stamp(store, names)
    known = index.files()
    if not index.stamp.endswith(_names_of_stamp(names)):
        for name in _renamed(index, name_of):
            known[name] = (-1, 0.0)  # as no file is: so it is read again
    done = Synced()
    fresh: list[tuple[str, int, float]] = []
    for file in payload_files(store):
        name = file.name.removesuffix(SUFFIX)
        if known.pop(name, None) != (file.size, file.modified):
            fresh.append((name, file.size, file.modified))
    for name in known:
        index.remove(name)
        done.removed += 1
    rows = latest_rows(store) if fresh else {}
    for number, (name, size, modified) in enumerate(fresh, 1):
        try:
            decoded = stored_payload(store, name + SUFFIX)
        except (PayloadError, InputError) as error:
            index.remove(name)
            done.damaged.append((name + SUFFIX, str(error)))
        else:
            row = rows.get(name)
            transcript = named_transcript(decoded, title_of(name), name_of)
            recorded = row.modified if row else modified
            index.add(name, transcript, (size, modified), row.source if row else "", recorded)
            done.added += 1
        if progress:
            progress(number, len(fresh))
    index.purge()
    index.set_stamp(state)
    return done


def _names_of_stamp(names: str) -> str:
    return f" names:{names}"


def _renamed(index: Index, name_of: NameOf) -> set[str]:
    """Return the recordings with a speaker who has another name now."""
    return {
        recording
        for recording, voice_id, label in index.speakers()
        if not _is_called(name_of(int(voice_id, 16)), label)
    }


def _is_called(name: str | None, label: str) -> bool:
    numbered = _NUMBERED.fullmatch(label)
    bare = numbered[1] if numbered else label
    return printable(name) in (bare, label) if name else _UNNAMED.fullmatch(bare) is not None
