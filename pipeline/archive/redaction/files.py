"""Redaction of stored payloads: the bytes of one, or a whole archive."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ...console.display import shown_name
from ...decompression import read_payload
from ...errors import InputError, PayloadError
from ..export.files import known_names
from ..fulltext.index import Index, cache_folder, index_path
from ..fulltext.syncing import sync
from ..lock import locked
from ..payloads import payload_files, stored_bytes
from ..rows import FOLDER, Journal, Row, latest_rows
from ..stores import SUFFIX, Store
from .redact import Redaction, redact_encoded


@dataclass(slots=True)
class Redacted:
    """What was done to an archive."""

    files: int = 0
    """Payloads that were read."""
    changed: int = 0
    """Payloads that were rewritten."""
    counts: dict[str, int] = field(default_factory=dict[str, int])
    """Kind of personal data -> how often it was found."""
    damaged: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Files that are not payloads, and why; they stay as they are."""


def redact_bytes(data: bytes, redaction: Redaction) -> tuple[bytes, dict[str, int]]:
    """Return the redacted payload, and how often each kind was found. If nothing was found, the bytes stay the same.

    Raises:
        PayloadError: `data` is not a payload.
    """
    _, redacted, counts = redact_encoded(read_payload(data), data, redaction)
    return redacted, counts


def forget_words(index: Index) -> None:
    """Remove what an index holds, and the cached speech: both hold words that are being redacted.

    Raises:
        OutputError: the index cannot be written.
    """
    index.clear()
    shutil.rmtree(cache_folder() / "speech", ignore_errors=True)


def redact_archive(
    store: Store, redaction: Redaction, progress: Callable[[float, float], None] | None = None
) -> Redacted:
    """Redact every payload of an archive in place, and rebuild the index.

    Raises:
        InputError: it is no archive: it has neither payloads nor rows.
        OutputError: the archive cannot be written, or another process writes to it.
    """
    if next(payload_files(store), None) is None and not store.state_files(FOLDER):
        raise InputError(f"{shown_name(store.url)} is not an archive: there are no payloads in it")
    done = Redacted(counts=dict.fromkeys(sorted(redaction.kinds), 0))
    with locked(store) as lock:
        index = Index(index_path(store))
        try:
            forget_words(index)
            rows = latest_rows(store)
            journal = Journal(store, lock)
            try:
                names = [file.name for file in payload_files(store)]
                for number, name in enumerate(names, 1):
                    lock.check()
                    _redact_file(store, name, redaction, rows, journal, done)
                    if progress:
                        progress(number, len(names))
            finally:
                journal.close()
            sync(store, index, known_names())
        finally:
            index.close()
    return done


def _redact_file(
    store: Store, name: str, redaction: Redaction, rows: dict[str, Row], journal: Journal, done: Redacted
) -> None:
    try:
        data = stored_bytes(store, name)
        redacted, counts = redact_bytes(data, redaction)
    except (PayloadError, InputError) as error:
        done.damaged.append((name, str(error)))
        return
    done.files += 1
    for kind, count in counts.items():
        done.counts[kind] += count
    if redacted != data:
        store.write(name, redacted)
        done.changed += 1
    row = rows.get(name.removesuffix(SUFFIX))
    if row:
        total = {kind: row.redacted.get(kind, 0) + count for kind, count in counts.items()}
        at = round(time.time(), 3)
        digest = redaction.names_digest or row.redacted_names
        counts = {**row.redacted, **total}
        journal.add(replace(row, redacted=counts, redacted_names=digest, payload_bytes=len(redacted), at=at))
