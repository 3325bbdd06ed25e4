"""Update the index of an archive with its payloads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ...errors import InputError, PayloadError
from ..export.files import title_of
from ..export.transcript import NameOf, named_transcript
from ..payloads import payload_files, stored_payload
from ..rows import latest_rows, stamp
from ..stores import SUFFIX, Store
from .index import Index


@dataclass(slots=True)
class Synced:
    """What was done to an index."""

    added: int = 0
    """Payloads that are new or changed."""
    removed: int = 0
    """Payloads that were removed."""
    damaged: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Files that are not payloads, and why; they are skipped."""


def sync(store: Store, index: Index, name_of: NameOf, progress: Callable[[float, float], None] | None = None) -> Synced:
    """Add an archive's new payloads to its index, remove deleted ones, and return what was done.

    Raises:
        InputError: the archive cannot be listed.
        OutputError: the index cannot be written.
    """
    state = stamp(store)
    known = index.files()
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
    index.set_stamp(state)
    return done


def is_current(store: Store, index: Index) -> bool:
    """Return whether the index has everything that runs of `archive` wrote. Only `sync` finds files copied by hand."""
    state = stamp(store)
    return bool(state) and index.stamp == state
