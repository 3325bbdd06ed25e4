"""The work on one recording: a pure function from a job to a result, on any process or machine.

What it writes depends on the recording and the settings only, so doing a job twice is harmless.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from ..compression import Compressed, compress
from ..console.display import printable, shown_name
from ..decompression import read_payload
from ..engines.loading import load_engine, load_recognizer
from ..errors import (
    EngineError,
    InputError,
    NoSpeechError,
    OutputError,
    PayloadError,
    SpeechzipError,
    SpeechzipWarning,
)
from ..segments.channels import ChannelMode
from ..types import Payload, Voice
from ..unread.marks import perhaps_speech
from .payloads import stored_bytes
from .redaction.redact import RECORDED_SPACES, Redaction, carries_recording, redact_encoded
from .rows import Row
from .sources import Source
from .stores import is_remote, open_filesystem, open_store, reason

if TYPE_CHECKING:
    from ..protocols import Recognizer, SpeakerEmbedder, VoiceBook, VoiceEncoder

BLOCK_BYTES = 1 << 20
NAME_TAKEN = "NameTaken"
"""`Row.error_type` of a recording whose name is already taken; the earlier recording keeps its row."""
NAMES_MISSING = "NamesMissing"
"""`Row.error_type` of a recording whose names were redacted, and whose list of names is not given; its row stays."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How recordings are compressed; the same for all of a run."""

    recognizer: str | None = None
    """Name of the engine, as for `load_recognizer`."""
    language: str | None = None
    """ISO 639-1 code; detected if None."""
    voice_encoder: str | None = None
    """Name of the engine."""
    channels: ChannelMode = "auto"
    """See `compress`."""
    speaker_count: int | None = None
    """See `compress`."""
    speakers: tuple[str, ...] = ()
    """See `compress`."""
    carry_voices: bool = False
    """See `compress`."""
    redaction: Redaction | None = None
    """Personal data to keep out of the archive; None to keep all words."""
    rescorer: str | None = None
    """See `load_recognizer`."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the archive knows about an earlier recording of the same name."""

    has_payload: bool = False
    """Whether its payload is in the archive."""
    sha256: str = ""
    """SHA-256 of the recording that the payload is of; empty if unknown or if there is no payload."""
    redacted: tuple[tuple[str, int], ...] = ()
    """The items of `Row.redacted`."""
    redacted_names: str = ""
    """See `Row.redacted_names`."""
    engines: tuple[tuple[str, str], ...] = ()
    """The items of `Row.engines`."""


@dataclass(frozen=True, slots=True)
class Job:
    """A recording to archive."""

    source: Source
    """The recording."""
    archive: str
    """Path or URL of the archive."""
    settings: Settings
    """How."""
    earlier: Earlier = Earlier()
    """What the archive has under this name."""
    name_is_taken: bool = False
    """Whether the archive's recording of this name is from another place."""
    again: bool = False
    """Whether the same bytes need work: less of them was redacted than is wanted, or another version failed since."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a job."""

    row: Row
    """For the archive's journal."""
    state: Literal["done", "unchanged", "failed"]
    """``unchanged``: the source has a new date, but the same bytes."""
    payload: Payload | None = None
    """What was said; None if no payload was written."""


@dataclass(frozen=True, slots=True)
class _Engines:
    recognizer: Recognizer
    voice_encoder: VoiceEncoder
    speaker_embedder: SpeakerEmbedder
    voice_book: VoiceBook | None


_loaded = threading.local()
"""The engines of this thread, loaded once; some of them cannot be shared between threads."""


def archive_recording(job: Job) -> Result:
    """Compress a recording, put its payload into the archive and return the row about it.

    Raises:
        OutputError: the archive cannot be written: full, read-only or out of reach.
        EngineError: the engines cannot be loaded.
    """
    started = time.monotonic()
    row = new_row(job)
    engines = _engines(job.settings)
    earlier = job.earlier
    notes: list[warnings.WarningMessage] = []
    state: Literal["done", "unchanged", "failed"] = "failed"
    compressed: Compressed | None = None
    payload: Payload | None = None
    stored: tuple[Row, Payload] | None = None
    try:
        with warnings.catch_warnings(record=True) as notes, _local_copy(job.source) as (path, sha256):
            warnings.simplefilter("always", SpeechzipWarning)
            row = replace(row, sha256=sha256)
            is_known = sha256 == earlier.sha256
            redaction = _redaction(job)
            if is_known and not job.again:
                state = "unchanged"
            elif is_known and (stored := _redact_stored(job, row)):
                pass
            elif job.name_is_taken and not is_known:
                error = "the archive has another recording of this name; archive this one under a folder of its own"
                row = replace(_blank_row(job.source), sha256=sha256, error=error, error_type=NAME_TAKEN)
            elif redaction and "name" in redaction.kinds and not redaction.names:
                error = "names were redacted in it before; give the list of names again, so that they stay out"
                row = replace(row, error=error, error_type=NAMES_MISSING)
            else:
                _check_voices(redaction, engines)
                compressed = _compress(path, job.source.url, job.settings, engines)
        if stored:  # now the source is known to be unchanged
            row, payload = stored
            row = replace(row, kept_sha256="")
            state = "done"
        elif compressed:
            payload, data, counts = compressed.payload, compressed.data, dict[str, int]()
            digest = ""
            if redaction:
                payload, data, counts = redact_encoded(compressed.decoded, data, redaction)
                digest = redaction.names_digest
            described = _described(row, compressed, engines, job.settings)
            open_store(job.archive).write(row.payload_name, data)
            row = replace(described, payload_bytes=len(data), redacted=counts, redacted_names=digest, kept_sha256="")
            state = "done"
    except OutputError:
        raise
    except SpeechzipError as failure:
        row = replace(row, error=printable(str(failure)), error_type=type(failure).__name__)
    except Exception as failure:  # one bad recording must not end the run, whatever an engine raises
        name = type(failure).__name__
        row = replace(row, error=printable(f"{name}: {failure}"), error_type=name)
    told = tuple(printable(str(note.message)) for note in notes if issubclass(note.category, SpeechzipWarning))
    if row.error:
        state = "failed"
        row, payload, note = _settle(job, row)
        told += (note,) if note else ()
    if compressed and (perhaps := perhaps_speech(compressed.unread)):
        told = (*told, f"{perhaps}: nothing of it is kept")
    row = replace(row, notes=told, elapsed_s=round(time.monotonic() - started, 3), at=round(time.time(), 3))
    return Result(row, state, payload)


def new_row(job: Job) -> Row:
    """Return the row to begin with: what is known of the payload that the archive has until another one is written."""
    earlier = job.earlier
    return replace(
        _blank_row(job.source),
        engines=dict(earlier.engines),
        redacted=dict(earlier.redacted),
        redacted_names=earlier.redacted_names,
        kept_sha256=earlier.sha256,
    )


def _blank_row(source: Source) -> Row:
    return Row(source.name, source.url, source.size, source.modified)


def _redaction(job: Job) -> Redaction | None:
    """Return what to redact: what is asked for, and what was redacted before, which must not come back."""
    asked = job.settings.redaction or Redaction(frozenset())
    kinds = asked.kinds | {kind for kind, _ in job.earlier.redacted}
    return replace(asked, kinds=kinds) if kinds else None


def _redact_stored(job: Job, row: Row) -> tuple[Row, Payload] | None:
    """Redact the payload in the archive; return its row and what it says, or None if that is impossible.

    It is impossible if the payload is damaged or carries parts of the recording.

    Its earlier redactions stay, also those of names on a list that nobody has at hand.
    """
    store = open_store(job.archive)
    try:
        data = stored_bytes(store, row.payload_name)
        decoded = read_payload(data)
    except (InputError, PayloadError):
        return None
    payload, redacted, counts = decoded.payload, data, dict(job.earlier.redacted)
    digest = job.earlier.redacted_names
    if asked := job.settings.redaction:
        if carries_recording(payload):
            return None
        payload, redacted, found = redact_encoded(decoded, data, asked)
        counts |= {kind: counts.get(kind, 0) + count for kind, count in found.items()}
        digest = asked.names_digest or digest
    if redacted != data:
        store.write(row.payload_name, redacted)
    row = replace(
        row,
        duration_s=payload.duration_s,
        speakers=_ids(payload),
        payload_bytes=len(redacted),
        redacted=counts,
        redacted_names=digest,
    )
    return row, payload


def _settle(job: Job, row: Row) -> tuple[Row, Payload | None, str]:
    """Decide about the earlier payload of a recording that failed; return row, payload if rewritten, and a note."""
    if not job.earlier.has_payload or job.name_is_taken:
        return row, None, ""
    if row.error_type == NoSpeechError.__name__:
        open_store(job.archive).remove(row.payload_name)
        return replace(row, kept_sha256=""), None, "the payload of its earlier version was removed"
    note = "the archive keeps the payload of its earlier version"
    if not (job.again and job.settings.redaction):
        return row, None, note
    if stored := _redact_stored(job, row):
        return *stored, f"{note}, redacted"
    if row.sha256 in ("", job.earlier.sha256):
        return row, None, f"{note}, which cannot be redacted"
    open_store(job.archive).remove(row.payload_name)
    return replace(row, kept_sha256=""), None, "the payload of its earlier version was removed: it cannot be redacted"


def _check_voices(redaction: Redaction | None, engines: _Engines) -> None:
    if redaction and engines.voice_encoder.space in RECORDED_SPACES:
        raise EngineError("clip voices are pieces of the recording, which cannot be redacted; choose other voices")


def _engines(settings: Settings) -> _Engines:
    if getattr(_loaded, "settings", None) != settings:
        _loaded.engines = _Engines(
            load_recognizer(settings.recognizer, settings.language, rescorer=settings.rescorer),
            load_engine("voice_encoder", settings.voice_encoder),
            load_engine("speaker_embedder"),
            load_engine("voice_book") if settings.speakers else None,
        )
        _check_voices(settings.redaction, _loaded.engines)
        _loaded.settings = settings
    return cast("_Engines", _loaded.engines)


def _compress(path: Path, url: str, settings: Settings, engines: _Engines) -> Compressed:
    try:
        return compress(
            path,
            channels=settings.channels,
            recognizer=engines.recognizer,
            voice_encoder=engines.voice_encoder,
            speaker_embedder=engines.speaker_embedder,
            speaker_count=settings.speaker_count,
            speakers=settings.speakers,
            voice_book=engines.voice_book,
            carry_voices=settings.carry_voices,
        )
    except InputError as error:
        if shown_name(path) not in str(error) or str(path) == url:
            raise
        raise type(error)(str(error).replace(shown_name(path), shown_name(url))) from error


def _described(row: Row, compressed: Compressed, engines: _Engines, settings: Settings) -> Row:
    payload = compressed.payload
    spaces = {speaker.voice.space for speaker in payload.speakers if isinstance(speaker.voice, Voice)}
    return replace(
        row,
        duration_s=payload.duration_s,
        speakers=_ids(payload),
        engines={
            "speechzip": version("speechzip"),
            "recognizer": engines.recognizer.name,
            "voices": " ".join(sorted(spaces)) or engines.voice_encoder.space,
            "text": compressed.decoded.text_coder,
            **({"rescorer": settings.rescorer} if settings.rescorer else {}),
        },
    )


def _ids(payload: Payload) -> tuple[str, ...]:
    return tuple(f"{speaker.voice.id:04x}" for speaker in payload.speakers)


@contextmanager
def _local_copy(source: Source) -> Generator[tuple[Path, str]]:
    """Yield the path of the recording on this machine, and its SHA-256.

    Raises:
        InputError: it vanished, cannot be read, or changed while it was read.
        OutputError: there is no room for the copy of a remote one.
    """
    if is_remote(source.url):
        with _download(source.url) as copy:
            yield copy
        return
    path = Path(source.url.removeprefix("file://"))
    before = _state(path)
    try:
        sha256 = _digest(path)
    except OSError as error:
        raise InputError(f"{shown_name(path)} cannot be read: {reason(error)}") from error
    yield path, sha256
    if _state(path) != before:
        raise InputError(f"{shown_name(path)} was changed while it was read; it is done again next time")


def _state(path: Path) -> tuple[int, int]:
    try:
        state = os.stat(path)
    except OSError as error:
        raise InputError(f"{shown_name(path)} vanished: {reason(error)}") from error
    return state.st_size, state.st_mtime_ns


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def _download(url: str) -> Generator[tuple[Path, str]]:
    files, inside = open_filesystem(url)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(prefix="speechzip-", suffix=Path(inside).suffix) as copy:
        try:
            opened = files.open(inside, "rb")
        except Exception as error:  # every file system raises errors of its own
            raise InputError(f"{url} cannot be read: {reason(error)}") from error
        with opened:
            while True:
                try:
                    block = opened.read(BLOCK_BYTES)
                except Exception as error:
                    raise InputError(f"{url} cannot be read: {reason(error)}") from error
                if not block:
                    break
                digest.update(block)
                try:
                    copy.write(block)
                except OSError as error:
                    raise OutputError(f"there is no room for a copy of {url}: {reason(error)}") from error
        try:
            copy.flush()
        except OSError as error:
            raise OutputError(f"there is no room for a copy of {url}: {reason(error)}") from error
        yield Path(copy.name), digest.hexdigest()
