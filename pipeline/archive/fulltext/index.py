"""Full text of an archive, in SQLite's FTS5. The payloads are the truth: an index can be made again at any time."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import time
import warnings
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import platformdirs

from ...console.display import shown_name
from ...errors import OutputError, SpeechzipWarning
from ..export.transcript import NamedTranscript
from ..stores import STATE, Store
from .faults import IndexDamaged, damaged, fault
from .phonetics import sound_key

VERSION = 2
"""Version of the tables; an index of another version is rebuilt."""
CACHE_VARIABLE = "SPEECHZIP_CACHE"
"""Environment variable that names another folder for caches."""
COMMIT_S = 0.5
"""Longest time that additions wait for their commit: meanwhile nobody else can write."""
WRITER_WAIT_S = 30.0
"""How long `archive` waits for another process that writes to the index."""
READER_WAIT_S = 2.0
"""How long a search waits for it."""

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
CREATE TABLE sounds (word TEXT PRIMARY KEY, key TEXT, recordings INTEGER) WITHOUT ROWID;
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

    def __init__(self, path: Path, wait_s: float = WRITER_WAIT_S) -> None:
        """Open the index at `path`. An older or damaged one is replaced by an empty one, with a `SpeechzipWarning`.

        Args:
            path: its file.
            wait_s: how long to wait for another process that writes to it.

        Raises:
            IndexBusy: another process keeps it locked.
            OutputError: it cannot be written.
        """
        self.path = path
        self._wait_s = wait_s
        self._began_s = 0.0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.database = self._connect()
        except OSError as error:
            raise OutputError(f"the index {shown_name(path)} cannot be written: {error.strerror or error}") from error
        except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter is a damaged name of a table
            told = self.fault(error) if isinstance(error, sqlite3.Error) else damaged(self.path)
            if not isinstance(told, IndexDamaged):  # a sound index stays
                raise told from error
            self._warn_of_damage()
            self._make_empty()

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
        self._make_empty()

    def replace_damaged(self) -> None:
        """Begin an empty index in the place of a damaged one, with a `SpeechzipWarning`.

        Raises:
            OutputError: it cannot be written.
        """
        self._warn_of_damage()
        self.clear()

    def check(self) -> None:
        """Read all pages of the index.

        Raises:
            IndexDamaged: one of them is damaged.
            OutputError: it cannot be read.
        """
        if self.query("PRAGMA quick_check(1)") != [("ok",)]:
            raise damaged(self.path)

    def query(self, statement: str, values: Iterable[object] = ()) -> list[Any]:
        """Return all rows that a statement selects.

        Raises:
            IndexDamaged: the index is damaged.
            OutputError: it cannot be read.
        """
        with self._told("read"):
            return self.database.execute(statement, tuple(values)).fetchall()

    def fault(self, error: sqlite3.Error, what: str = "written") -> OutputError:
        """Return an error of SQLite as ours.

        Args:
            error: what SQLite says.
            what: what cannot be done with the index.
        """
        return fault(self.path, error, what)

    @property
    def stamp(self) -> str:
        """The text that `set_stamp` was given last."""
        rows = self.query("SELECT value FROM about WHERE key = 'stamp'")
        return str(rows[0][0]) if rows else ""

    def set_stamp(self, stamp: str) -> None:
        """Store a text that identifies the state of the archive, and commit.

        Raises:
            OutputError: the index cannot be written.
        """
        with self._change():
            self._write("INSERT OR REPLACE INTO about VALUES ('stamp', ?)", (stamp,))
        self.commit()

    def files(self) -> dict[str, tuple[int, float]]:
        """Return recording -> size and date of the payload that is indexed."""
        rows = self.query("SELECT name, payload_size, payload_modified FROM recordings")
        return {as_name(name): (size, modified) for name, size, modified in rows}

    def speakers(self) -> set[tuple[str, str, str]]:
        """Return the recording, voice id (four hexadecimal digits) and name of everybody who speaks."""
        rows = self.query(
            "SELECT DISTINCT r.name, u.voice_id, u.speaker FROM utterances u JOIN recordings r ON r.id = u.recording"
        )
        return {(as_name(name), voice_id, speaker) for name, voice_id, speaker in rows}

    def add(
        self,
        name: str,
        transcript: NamedTranscript,
        payload: tuple[int, float],
        source: str = "",
        recorded: float = 0.0,
    ) -> None:
        """Add a recording. It replaces an earlier one of that name. It is committed within `COMMIT_S` of additions.

        Args:
            name: its name in the archive, without ``.spz``.
            transcript: what was said.
            payload: size and date of the payload's file.
            source: where the recording is.
            recorded: date of the recording, in seconds since 1970.

        Raises:
            OutputError: the index cannot be written.
        """
        shown_source = source.encode(errors="surrogateescape").decode(errors="replace")
        values = (as_bytes(name), *payload, shown_source, recorded, transcript.duration_s)
        with self._change():
            self._remove_recording(name)
            recording = self._write(
                "INSERT INTO recordings (name, payload_size, payload_modified, source, recorded, duration_s) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
            self._add_lines(recording, transcript)
        if time.monotonic() - self._began_s > COMMIT_S:
            self.commit()

    def remove(self, name: str) -> None:
        """Remove a recording, if it is there. `purge` erases its words.

        Raises:
            OutputError: the index cannot be written.
        """
        with self._change():
            self._remove_recording(name)

    def purge(self) -> None:
        """Erase the words of recordings that were removed or replaced from the index's files, and commit.

        Raises:
            OutputError: the index cannot be written.
        """
        if not self.query("SELECT 1 FROM about WHERE key = 'removed'"):
            self.commit()
            return
        with self._change():
            self._write("DELETE FROM about WHERE key = 'removed'", ())
            if not self._erases_words:  # then FTS5 only marks words as deleted, until that part of its tree is merged
                self._write("INSERT INTO words (words) VALUES ('optimize')", ())
        self.commit()
        self.query("PRAGMA wal_checkpoint(TRUNCATE)")

    def commit(self) -> None:
        """Commit what was added.

        Raises:
            OutputError: the index cannot be written.
        """
        with self._told("written"):
            self.database.commit()

    def sounds(self) -> list[tuple[str, str]]:
        """Return every word of the archive and its sound key."""
        return self.query("SELECT word, key FROM sounds")

    def _add_lines(self, recording: int, transcript: NamedTranscript) -> None:
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
            vocabulary |= _words(line.text)
        with self._told("written"):
            self.database.executemany(
                "INSERT INTO sounds VALUES (?, ?, 1) ON CONFLICT (word) DO UPDATE SET recordings = recordings + 1",
                [(word, sound_key(word)) for word in sorted(vocabulary)],
            )

    def _remove_recording(self, name: str) -> None:
        for (recording,) in self.query("SELECT id FROM recordings WHERE name = ?", (as_bytes(name),)):
            texts = self.query("SELECT text FROM utterances WHERE recording = ?", (recording,))
            for word in set[str]().union(*(_words(text) for (text,) in texts)):
                self._write("UPDATE sounds SET recordings = recordings - 1 WHERE word = ?", (word,))
                self._write("DELETE FROM sounds WHERE word = ? AND recordings < 1", (word,))
            self._write(
                "INSERT INTO words (words, rowid, text) SELECT 'delete', id, text FROM utterances WHERE recording = ?",
                (recording,),
            )
            self._write("DELETE FROM utterances WHERE recording = ?", (recording,))
            self._write("DELETE FROM recordings WHERE id = ?", (recording,))
            self._write("INSERT OR REPLACE INTO about VALUES ('removed', '1')", ())

    @contextmanager
    def _change(self) -> Generator[None]:
        """Make the changes of a block whole or not at all, with those before them that are not committed yet."""
        try:
            if not self.database.in_transaction:
                self._write("BEGIN IMMEDIATE", ())
                self._began_s = time.monotonic()
            yield
        except BaseException:  # half of a recording would count as all of it
            with suppress(sqlite3.Error):
                self.database.rollback()
            raise

    def _write(self, statement: str, values: Iterable[object]) -> int:
        try:
            return self.database.execute(statement, tuple(values)).lastrowid or 0
        except sqlite3.Error as error:
            raise self.fault(error, "written") from error

    @contextmanager
    def _told(self, what: str) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self.fault(error, what) from error

    def _warn_of_damage(self) -> None:
        warnings.warn(f"the index {shown_name(self.path)} is damaged and is made again", SpeechzipWarning, stacklevel=3)

    def _make_empty(self) -> None:
        self._remove()
        with self._told("written"):
            self.database = self._connect()

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=self._wait_s, check_same_thread=False)
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
            database.execute("PRAGMA secure_delete = ON")
            if not tables:
                database.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
            self._erases_words = _erase_words(database)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                os.unlink(f"{self.path}{suffix}")


def _erase_words(database: sqlite3.Connection) -> bool:
    """Have FTS5 erase the words that are deleted, and return whether it does: SQLite 3.42 is the first that can."""
    if sqlite3.sqlite_version_info < (3, 42):
        return False
    if not database.execute("SELECT v FROM words_config WHERE k = 'secure-delete'").fetchone():
        database.execute("INSERT INTO words (words, rank) VALUES ('secure-delete', 1)")
        database.commit()
    return True


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


def as_bytes(name: str) -> bytes:
    """Return a name as it is stored: SQLite's texts hold no bytes that are not UTF-8."""
    return name.encode(errors="surrogateescape")


def as_name(stored: bytes) -> str:
    """Return the name that `as_bytes` stored."""
    return stored.decode(errors="surrogateescape")
