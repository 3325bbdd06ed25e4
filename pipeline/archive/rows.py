"""What an archive knows about each recording: one row of JSON, appended to a segment of the journal.

    ARCHIVE/.speechzip/rows/00001764123456789012-1f09a2b3.jsonl      one segment of a run; later segments win

A segment on a disk grows by a line for each recording. An object store cannot append, so there a run puts a new
segment every few seconds. A line that a power failure cut short is ignored: its recording is done again.
"""

from __future__ import annotations

import json
import math
import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from typing import BinaryIO

from ..console.display import shown_name
from ..errors import InputError, OutputError
from .lock import Lock
from .stores import STATE, SUFFIX, Store, StoredFile, reason

FOLDER = "rows"
MAX_SEGMENTS = 16
"""If there are more segments than this, a run merges them first."""
SEGMENT_S = 5.0
"""Remote archives: time between two uploads of a segment. A killed run repeats at most this much work."""


@dataclass(frozen=True, slots=True)
class Row:
    """What the archive knows about one recording."""

    name: str
    """The recording's name in the archive; its payload is called ``NAME.spz``."""
    source: str
    """Path or URL that it was read from."""
    size: int
    """Bytes of the source."""
    modified: float
    """When the source was modified, in seconds since 1970; 0 if unknown."""
    sha256: str = ""
    """SHA-256 of the source in hexadecimal; empty if it could not be read."""
    duration_s: float = 0.0
    """Length of the recording, in seconds."""
    payload_bytes: int = 0
    """Size of the payload that was written; 0 if none was."""
    speakers: tuple[str, ...] = ()
    """`Voice.id` of each speaker, as four hexadecimal digits."""
    engines: dict[str, str] = field(default_factory=dict[str, str])
    """Versions of speechzip, recognizer, voice encoder and text coder."""
    redacted: dict[str, int] = field(default_factory=dict[str, int])
    """Kind of personal data -> how often it was redacted; 0 if it was searched for and not found."""
    redacted_names: str = ""
    """`Redaction.names_digest` of the list of names that were redacted; empty if none, or of an earlier release."""
    kept_sha256: str = ""
    """If the recording failed: SHA-256 of the earlier one whose payload the archive keeps; empty if it keeps none."""
    notes: tuple[str, ...] = ()
    """Warnings."""
    error: str = ""
    """Why there is no payload; empty if there is one."""
    error_type: str = ""
    """Class of the error, such as ``NoSpeechError``."""
    elapsed_s: float = 0.0
    """Duration of the work, in seconds."""
    at: float = 0.0
    """Time of the work, in seconds since 1970."""

    @property
    def payload_name(self) -> str:
        """The name of the payload in the archive."""
        return self.name + SUFFIX


_TIME = re.compile(r"/(\d{20})-[^/]*$")
_FIELDS = frozenset(one.name for one in fields(Row))
_NUMBERS = ("modified", "duration_s", "elapsed_s", "at")
_BLANK = Row("", "", 0, 0.0)


def row_line(row: Row) -> bytes:
    """Return a row as a line of a segment."""
    return json.dumps(asdict(row), separators=(",", ":")).encode() + b"\n"


def parse_row(line: bytes) -> Row | None:
    """Return the row of a line; None if the line is damaged or of another release."""
    try:
        content = json.loads(line)
        content = {name: value for name, value in content.items() if name in _FIELDS}
        for name in ("speakers", "notes"):
            content[name] = tuple(map(str, content.get(name, ())))
        for name in _NUMBERS:
            content[name] = float(content.get(name, 0.0))
        row = Row(**content)
        bytes.fromhex(row.sha256 + row.kept_sha256)
        (row.name + row.source).encode(errors="surrogateescape")
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    whole = (
        all(isinstance(getattr(row, name), type(getattr(_BLANK, name))) for name in _FIELDS)
        and all(math.isfinite(content[name]) for name in _NUMBERS)
        and all(isinstance(count, int) for count in row.redacted.values())  # pyright: ignore[reportUnnecessaryIsInstance]
    )
    return row if whole else None


def read_rows(store: Store) -> Iterator[Row]:
    """Yield the rows of an archive, oldest first. Of several rows with one name, the last one counts.

    A writer may merge segments meanwhile. What vanished is then in a segment that is listed anew.

    Raises:
        InputError: a segment cannot be read.
    """
    seen: set[str] = set()
    vanished = True
    while vanished:
        vanished = False
        for segment in [one for one in store.state_files(FOLDER) if one.name not in seen]:
            seen.add(segment.name)
            try:
                rows = _rows_in(store, segment)
            except InputError:
                if segment.name in {one.name for one in store.state_files(FOLDER)}:
                    raise
                vanished = True
            else:
                yield from rows


def latest_rows(store: Store) -> dict[str, Row]:
    """Return name -> the row that counts."""
    return {row.name: row for row in read_rows(store)}


def stamp(store: Store) -> str:
    """Return a text that changes whenever rows are added."""
    return ";".join(f"{segment.name}:{segment.size}" for segment in store.state_files(FOLDER))


class Journal:
    """Writes the rows of one run, in the process that holds the archive's lock."""

    def __init__(self, store: Store, lock: Lock) -> None:
        """Begin a segment; its file is created with the first row."""
        self._store = store
        self._lock = lock
        self._base = _next_segment(store.state_files(FOLDER))
        self._file: BinaryIO | None = None
        self._pending: list[bytes] = []
        self._segments = 0
        self._put_at = time.monotonic()

    def add(self, row: Row) -> None:
        """Add a row.

        Raises:
            OutputError: the archive is full, read-only or out of reach, or its lock was lost.
        """
        if self._store.folder is None:
            self._pending.append(row_line(row))
            if time.monotonic() - self._put_at > SEGMENT_S:
                self.flush()
            return
        self._lock.check()
        try:
            if self._file is None:
                path = self._store.folder / f"{self._base}.jsonl"
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = open(path, "ab", buffering=0)  # noqa: SIM115  # one write a line, closed by `close`
            line = row_line(row)
            if self._file.write(line) != len(line):
                raise OutputError(f"{shown_name(self._store.url)} cannot be written: the disk is full")
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(f"{shown_name(self._store.url)} cannot be written: {reason(error)}") from error

    def flush(self) -> None:
        """Write the pending rows.

        Raises:
            OutputError: as `add`.
        """
        if self._pending:
            self._lock.check()
            self._store.write(f"{self._base}-{self._segments:06}.jsonl", b"".join(self._pending))
            self._segments += 1
            self._pending.clear()
        self._put_at = time.monotonic()

    def close(self) -> None:
        """End the segment."""
        self.flush()
        if self._file:
            with suppress(OSError):
                os.fsync(self._file.fileno())
            self._file.close()


def compact(store: Store) -> None:
    """Merge many segments into one that keeps the last row of each name; the lock must be held."""
    segments = store.state_files(FOLDER)
    if len(segments) <= MAX_SEGMENTS:
        return
    lines = {row.name: row_line(row) for segment in segments for row in _rows_in(store, segment)}
    store.write(f"{_next_segment(segments)}.jsonl", b"".join(lines.values()))
    for segment in segments:
        store.remove(segment.name)


def _next_segment(segments: Sequence[StoredFile]) -> str:
    """Return the beginning of a segment's name that sorts behind all others, even if the clock was set back."""
    times = [int(found[1]) for segment in segments if (found := _TIME.search(segment.name))]
    return f"{STATE}/{FOLDER}/{max([time.time_ns(), *(at + 1 for at in times)]):020}-{secrets.token_hex(4)}"


def _rows_in(store: Store, segment: StoredFile) -> Iterator[Row]:
    """Return the rows of a segment, which is read at once.

    Raises:
        InputError: it cannot be read.
    """
    content = store.read(segment.name) if segment.name.endswith(".jsonl") else b""
    return (row for line in content.splitlines() if (row := parse_row(line)))
