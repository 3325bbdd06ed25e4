"""Full text of an archive, in SQLite's FTS5. The payloads are the truth: an index can be made again at any time."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import platformdirs

from ...console.display import shown_name
from ...errors import OutputError, SpeechzipWarning
from ..export.transcript import NamedTranscript
from ..stores import STATE, Store
from .phonetics import sound_key

VERSION = 1
"""Version of the tables; an index of another version is rebuilt."""
CACHE_VARIABLE = "SPEECHZIP_CACHE"
"""Environment variable that names another folder for caches."""
COMMIT_EVERY = 200
"""Recordings in a transaction."""

SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE recordings (
    id INTEGER PRIMARY KEY, name BLOB UNIQUE NOT NULL, payload_size INTEGER, payload_modified REAL,
    source TEXT, recorded REAL, duration_s REAL
);
CREATE TABLE utterances (
    id INTEGER PRIMARY KEY, recording INTEGER NOT NULL, number INTEGER, start_s REAL, end_s REAL, speaker TEXT,
    voice_id TEXT, confidence REAL, language TEXT, text TEXT
);
CREATE INDEX utterances_of ON utterances (recording);
CREATE VIRTUAL TABLE words USING fts5(
    text, content='utterances', content_rowid='id', tokenize='unicode61 remove_diacritics 2', prefix='2 3'
);
CREATE TABLE sounds (word TEXT PRIMARY KEY, key TEXT) WITHOUT ROWID;
"""
_WORD = re.compile(r"\w+")


def cache_folder() -> Path:
    """Return the folder for files that can be rebuilt."""
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("speechzip", appauthor=False))


def index_path(store: Store) -> Path:
    """Return the place of an archive's index: in the archive, or in the cache if that is remote or read-only."""
    if store.folder is not None and store.folder.is_dir():
        state = store.folder / STATE
        if os.access(state if state.is_dir() else store.folder, os.W_OK):
            return state / "index.sqlite"
        name = os.fsencode(store.folder.resolve())
    else:
        name = store.url.encode(errors="surrogateescape")
    return cache_folder() / "archives" / f"{hashlib.sha256(name).hexdigest()[:32]}.sqlite"


class Index:
    """An index, open for reading and writing. One thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open the index at `path`. An older or damaged one is replaced by an empty one.

        Raises:
            OutputError: it cannot be written.
        """
        self.path = path
        self._since_commit = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.database = self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise OutputError(f"the index {shown_name(path)} is in use; try again") from error
            if "disk is full" in str(error) or "readonly" in str(error):  # a sound index stays
                raise OutputError(f"the index {shown_name(path)} cannot be written: {error}") from error
            self._remove()
            try:
                self.database = self._connect()
            except sqlite3.Error as again:
                raise OutputError(f"the index {shown_name(path)} cannot be written: {again}") from again
        except OSError as error:
            raise OutputError(f"the index {shown_name(path)} cannot be written: {error.strerror or error}") from error

    def close(self) -> None:
        """Commit what was added, and close."""
        self.commit()
        self.database.close()

    def clear(self) -> None:
        """Remove the index's file and begin an empty one. Nothing that was in it stays on the disk.

        Raises:
            OutputError: it cannot be written.
        """
        self.database.close()
        self._remove()
        try:
            self.database = self._connect()
        except sqlite3.Error as error:
            raise OutputError(f"the index {shown_name(self.path)} cannot be written: {error}") from error

    @property
    def stamp(self) -> str:
        """The text that `set_stamp` was given last."""
        row = self.database.execute("SELECT value FROM about WHERE key = 'stamp'").fetchone()
        return str(row[0]) if row else ""

    def set_stamp(self, stamp: str) -> None:
        """Store a text that identifies the state of the archive."""
        self._write("INSERT OR REPLACE INTO about VALUES ('stamp', ?)", (stamp,))
        self.commit()

    def files(self) -> dict[str, tuple[int, float]]:
        """Return recording -> size and date of the payload that is indexed."""
        rows = self.database.execute("SELECT name, payload_size, payload_modified FROM recordings")
        return {as_name(name): (size, modified) for name, size, modified in rows}

    def add(
        self,
        name: str,
        transcript: NamedTranscript,
        payload: tuple[int, float],
        source: str = "",
        recorded: float = 0.0,
    ) -> None:
        """Add a recording. It replaces an earlier one of that name.

        Args:
            name: its name in the archive, without ``.spz``.
            transcript: what was said.
            payload: size and date of the payload's file.
            source: where the recording is.
            recorded: date of the recording, in seconds since 1970.

        Raises:
            OutputError: the index cannot be written.
        """
        self.remove(name)
        shown_source = source.encode(errors="surrogateescape").decode(errors="replace")
        values = (as_bytes(name), *payload, shown_source, recorded, transcript.duration_s)
        recording = self._write(
            "INSERT INTO recordings (name, payload_size, payload_modified, source, recorded, duration_s) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            values,
        )
        vocabulary: set[str] = set()
        for number, line in enumerate(transcript.lines):
            if line.is_unread:
                continue
            speaker = transcript.speakers[line.speaker]
            row = (recording, number, line.start_s, line.end_s, speaker.label, speaker.voice_id)
            said = self._write(
                "INSERT INTO utterances (recording, number, start_s, end_s, speaker, voice_id, confidence, language, "
                "text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, line.confidence, line.language, line.text),
            )
            self._write("INSERT INTO words (rowid, text) VALUES (?, ?)", (said, line.text))
            vocabulary.update(word.lower() for word in _WORD.findall(line.text))
        for word in vocabulary - self._known_words:
            self._write("INSERT OR IGNORE INTO sounds VALUES (?, ?)", (word, sound_key(word)))
        self._known_words |= vocabulary
        self._since_commit += 1
        if self._since_commit >= COMMIT_EVERY:
            self.commit()

    def remove(self, name: str) -> None:
        """Remove a recording, if it is there.

        Raises:
            OutputError: the index cannot be written.
        """
        found = self.database.execute("SELECT id FROM recordings WHERE name = ?", (as_bytes(name),)).fetchone()
        if found:
            self._write(
                "INSERT INTO words (words, rowid, text) SELECT 'delete', id, text FROM utterances WHERE recording = ?",
                found,
            )
            self._write("DELETE FROM utterances WHERE recording = ?", found)
            self._write("DELETE FROM recordings WHERE id = ?", found)

    def commit(self) -> None:
        """Commit what was added.

        Raises:
            OutputError: the index cannot be written.
        """
        self._since_commit = 0
        try:
            self.database.commit()
        except sqlite3.Error as error:
            raise OutputError(f"the index {shown_name(self.path)} cannot be written: {error}") from error

    def sounds(self) -> Iterator[tuple[str, str]]:
        """Yield every word of the archive and its sound key."""
        yield from self.database.execute("SELECT word, key FROM sounds")

    @cached_property
    def _known_words(self) -> set[str]:
        return {word for word, _ in self.sounds()}

    def _write(self, statement: str, values: Iterable[object]) -> int:
        try:
            return self.database.execute(statement, tuple(values)).lastrowid or 0
        except sqlite3.Error as error:
            raise OutputError(f"the index {shown_name(self.path)} cannot be written: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=30, check_same_thread=False)
        try:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables and version != VERSION:
                warnings.warn(
                    f"the index {shown_name(self.path)} is of another release and is made again",
                    SpeechzipWarning,
                    stacklevel=3,
                )
                database.close()
                self._remove()
                return self._connect()
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            if not tables:
                database.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                os.unlink(f"{self.path}{suffix}")


def as_bytes(name: str) -> bytes:
    """Return a name as it is stored: SQLite's texts hold no bytes that are not UTF-8."""
    return name.encode(errors="surrogateescape")


def as_name(stored: bytes) -> str:
    """Return the name that `as_bytes` stored."""
    return stored.decode(errors="surrogateescape")
