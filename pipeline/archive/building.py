"""Build an archive: find new recordings, have them compressed, record the results."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from ..errors import InputError, NoSpeechError
from .export.files import known_names, names_digest, title_of
from .export.transcript import named_transcript
from .fulltext.faults import IndexDamaged
from .fulltext.index import Index, index_path
from .fulltext.syncing import current_stamp, is_current, is_new
from .lock import locked
from .payloads import payload_files
from .redaction.files import forget_words
from .rows import Journal, Row, compact, read_rows
from .runners import Runner
from .sources import LeftOut, Source, find_sources
from .stores import SUFFIX, Store
from .work import NAME_TAKEN, NAMES_MISSING, Earlier, Job, Result, Settings

logger = logging.getLogger(__name__)

ResultCallback = Callable[[Result], None]
"""Called with each result, after it was recorded."""


@dataclass(slots=True)
class Totals:
    """What a run did."""

    done: int = 0
    """Recordings whose payload was written."""
    unchanged: int = 0
    """Recordings that the archive already had, including those with a new date."""
    without_speech: int = 0
    """Readable recordings without words; no payload was written."""
    failed: int = 0
    """Recordings that failed in this run for another reason."""
    failed_before: int = 0
    """Recordings that failed in an earlier run and were not tried again."""
    other_files: int = 0
    """Files below the sources that are not recordings."""
    left_out: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """What could not be read, and why."""
    duration_s: float = 0.0
    """Length of the recordings that were done, in seconds."""
    payload_bytes: int = 0
    """Their payloads."""
    redacted: dict[str, int] = field(default_factory=dict[str, int])
    """Kind -> how many were redacted in them."""


class _Known(NamedTuple):
    """What the journal says about one recording. It is small, because there may be a million."""

    source: int
    size: int
    modified: float
    failed: bool
    sha256: bytes
    """Of the recording whose payload the archive has, if it has one."""
    redacted: tuple[tuple[str, int], ...]
    redacted_names: str
    engines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """What is to be done, as far as it is known before."""

    sources: tuple[str, ...]
    """Folders, globs, files and URLs."""
    settings: Settings
    """How."""
    under: str = ""
    """The archive's folder for all of these recordings."""
    retry_failed: bool = False
    """Whether to retry recordings that failed in an earlier run."""
    listed: frozenset[str] = frozenset()
    """Those of the sources that are from a list: one that is missing is left out, and the others are done."""


def build(
    store: Store, plan: BuildPlan, runner: Runner, observe: ResultCallback, expect: Callable[[int], None]
) -> Totals:
    """Bring an archive up to date with its sources, and return what was done.

    Args:
        store: the archive.
        plan: what to do.
        runner: does it.
        observe: called with each result.
        expect: called with the number of recordings to do, before the first.

    Raises:
        OutputError: the archive cannot be written, or another process writes to it.
        InputError: a source does not exist, and is not from a list.
        EngineError: the engines cannot be loaded.
    """
    with locked(store) as lock:
        compact(store)
        known = dict[str, _Known]()
        for row in read_rows(store):
            known[row.name] = _known(row, known.get(row.name))
        present = {file.name for file in payload_files(store)} if known else set[str]()
        to_do = _ToDo(store, plan, known, present)
        expect(sum(1 for _ in to_do.jobs(plan.listed)))  # the list is read twice: a million jobs are not kept
        totals = to_do.totals = Totals()
        journal = Journal(store, lock)
        if to_do.redacts_again:
            _forget_words(store)
        keeper = _IndexKeeper(store)
        moved: dict[str, Row] = {}
        ended = False
        try:
            for result in runner.run(to_do.jobs(may_be_missing=frozenset(plan.sources))):
                if result.state == "unchanged":
                    moved[result.row.name] = result.row
                elif result.state == "done" or not to_do.keeps_earlier_row(result.row):
                    journal.add(result.row)
                keeper.add(result)
                row = result.row
                logger.debug("%s: %s after %.1f s %s", row.name, result.state, row.elapsed_s, row.error_type)
                _count(result, totals)
                observe(result)
            _note_moved(store, moved, journal)
            ended = True
        finally:
            journal.close()
            keeper.close(ended)
        return totals


class _IndexKeeper:
    """Adds each result to the archive's index, so that a search need not read the payloads again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._index = Index(index_path(store))
        self._names = names_digest()  # before they are read: a name that is changed in between makes it out of date
        self._name_of = known_names()
        try:
            self._is_current = is_current(store, self._index) or is_new(store, self._index)
        except IndexDamaged:
            self._begin_again()

    def add(self, result: Result) -> None:
        try:
            self._take(result)
        except IndexDamaged:
            self._begin_again()

    def _take(self, result: Result) -> None:
        row = result.row
        if row.error_type == NoSpeechError.__name__:
            self._index.remove(row.name)  # the payload of an earlier version
        if result.payload is not None:
            transcript = named_transcript(result.payload, title_of(row.name), self._name_of)
            payload = (row.payload_bytes, self._store.modified(row.payload_name))
            self._index.add(row.name, transcript, payload, row.source, row.modified)
        self._index.commit()  # others may write while the next recording is done

    def close(self, ended: bool) -> None:
        """Close the index. After an error it may lack a recording, so the next search looks at all of them."""
        try:
            if ended:
                self._index.purge()
            if ended and self._is_current:
                self._index.set_stamp(current_stamp(self._store, self._names))
        finally:
            self._index.close()

    def _begin_again(self) -> None:
        """Replace a damaged index by an empty one; the next search fills it."""
        self._index.replace_damaged()
        self._is_current = False


def _forget_words(store: Store) -> None:
    index = Index(index_path(store))
    try:
        forget_words(index)
    finally:
        index.close()


def _note_moved(store: Store, moved: dict[str, Row], journal: Journal) -> None:
    """Record the new date and place of recordings whose bytes the archive has; everything else stays as it is."""
    rows = {row.name: row for row in read_rows(store) if row.name in moved} if moved else {}
    for name, row in rows.items():
        journal.add(replace(row, source=moved[name].source, modified=moved[name].modified))


class _ToDo:
    """The jobs that the sources and the journal make."""

    def __init__(self, store: Store, plan: BuildPlan, known: dict[str, _Known], present: set[str]) -> None:
        self.totals = Totals()
        self.redacts_again = False
        """Whether more is to be redacted in recordings that the archive has."""
        self._store = store
        self._plan = plan
        self._known = known
        self._present = present

    def jobs(self, may_be_missing: Container[str]) -> Iterator[Job]:
        """Yield the jobs to do, and count the recordings that need none. See `find_sources`."""
        seen: dict[str, int] = {}
        plan, utf8_only = self._plan, self._store.folder is None
        for found in find_sources(plan.sources, plan.under, utf8_only, may_be_missing):
            if isinstance(found, LeftOut):
                self._leave_out(found)
            elif found.name not in seen:
                seen[found.name] = hash(found.url)
                if job := self._job(found):
                    yield job
            elif seen[found.name] != hash(found.url):
                self.totals.left_out.append((found.url, f"another recording is called {found.name}, too"))

    def keeps_earlier_row(self, failed: Row) -> bool:
        """Whether the row that the archive has says more than that of a recording that failed."""
        known = self._known.get(failed.name)
        if known is None or failed.error_type in (NAME_TAKEN, NAMES_MISSING):
            return known is not None
        return known.source != hash(failed.source) and failed.name + SUFFIX in self._present

    def _leave_out(self, found: LeftOut) -> None:
        if found.reason:
            self.totals.left_out.append((found.url, found.reason))
        else:
            self.totals.other_files += 1

    def _job(self, source: Source) -> Job | None:
        known = self._known.get(source.name)
        job = Job(source, self._store.url, self._plan.settings)
        if known is None:
            return job
        is_present = source.name + SUFFIX in self._present
        again = is_present and self._wants_more_redacted(known)
        self.redacts_again |= again
        same_file = (known.size, known.modified) == (source.size, source.modified)
        if known.failed and same_file and not again and not self._plan.retry_failed:
            self.totals.failed_before += 1
            return None
        is_elsewhere = known.source != hash(source.url)
        if is_present and same_file and not (known.failed or is_elsewhere or again):
            self.totals.unchanged += 1
            return None
        sha256 = known.sha256.hex() if is_present else ""
        earlier = Earlier(is_present, sha256, known.redacted, known.redacted_names, known.engines)
        taken = is_present and is_elsewhere
        return replace(job, earlier=earlier, name_is_taken=taken, again=again or known.failed)

    def _wants_more_redacted(self, known: _Known) -> bool:
        redaction = self._plan.settings.redaction
        if redaction is None:
            return False
        has_other_names = redaction.names_digest not in ("", known.redacted_names)
        return has_other_names or not redaction.kinds <= {kind for kind, _ in known.redacted}


def sources_of(arguments: Sequence[str], separator: str = "\n") -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the sources that arguments mean, and those of them that are from the list on standard input, ``-``.

    Raises:
        InputError: there is none.
    """
    found: list[str] = []
    from_list: list[str] = []
    for argument in arguments:
        if argument == "-":
            listed = sys.stdin.buffer.read().decode(errors="surrogateescape")
            lines = [_without_return(line) if separator == "\n" else line for line in listed.split(separator)]
            from_list += filter(None, lines)
            found += filter(None, lines)
        else:
            found.append(argument)
    if not found:
        raise InputError("no sources: name folders, files, globs or URLs, or list them on standard input")
    return tuple(found), frozenset(from_list).difference(arguments)


def _without_return(line: str) -> str:
    """Return a line of a list without the carriage return that Windows puts at its end."""
    return line if os.path.lexists(line) else line.removesuffix("\r")


@lru_cache(maxsize=1024)
def _counts(items: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """Return one shared object for all rows with these counts."""
    return items


@lru_cache(maxsize=1024)
def _versions(items: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return one shared object for all rows with these engines."""
    return items


def _known(row: Row, before: _Known | None) -> _Known:
    known = _Known(
        hash(row.source),
        row.size,
        row.modified,
        bool(row.error),
        bytes.fromhex(row.kept_sha256 if row.error else row.sha256),
        _counts(tuple(row.redacted.items())),
        sys.intern(row.redacted_names),
        _versions(tuple((kind, str(name)) for kind, name in row.engines.items())),
    )
    if row.error and before and not (row.kept_sha256 or row.redacted):  # a row of an earlier release
        return before._replace(source=known.source, size=known.size, modified=known.modified, failed=True)
    return known


def _count(result: Result, totals: Totals) -> None:
    if result.state == "done":
        totals.done += 1
        totals.duration_s += result.row.duration_s
        totals.payload_bytes += result.row.payload_bytes
        for kind, count in result.row.redacted.items():
            totals.redacted[kind] = totals.redacted.get(kind, 0) + count
    elif result.state == "unchanged":
        totals.unchanged += 1
    elif result.row.error_type == NoSpeechError.__name__:
        totals.without_speech += 1
    else:
        totals.failed += 1
