"""An archive in a program: add recordings, search, read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from ..errors import InputError, PayloadError
from .building import BuildPlan, Totals, build
from .export.files import known_names, title_of, transcript_text
from .export.formats import format_named
from .fulltext.index import READER_WAIT_S, Index, index_path
from .fulltext.searching import ANY, Filters, Hit, search
from .fulltext.syncing import Synced, read_current, sync
from .payloads import payload_files, stored_payload
from .rows import Row, latest_rows
from .runners import Runner, SameProcess, WorkerPool
from .stores import SUFFIX, open_store
from .work import Result, Settings

if TYPE_CHECKING:
    from ..payload.format import Decoded


@dataclass(frozen=True, slots=True)
class ArchivedRecording:
    """One recording of an archive."""

    name: str
    """Its name in the archive."""
    decoded: Decoded | None
    """Its payload; None if that is damaged."""
    fault: str = ""
    """What is wrong with it; empty if nothing."""


class Archive:
    """An archive of recordings, in a folder or below a URL such as ``s3://bucket/calls``.

    Use it in a ``with`` block, or close it. One thread at a time; any number of readers and one writer at once.

    Example:
        >>> import tempfile
        >>> from speechzip.pipeline import recognizer_recording
        >>> with Archive(tempfile.mkdtemp()) as archive:
        ...     totals = archive.add([recognizer_recording("beckett.wav")], under="theater")
        ...     hit = archive.search("ever failed")[0]
        ...     subtitles = archive.export(hit.name, "srt")
        >>> totals.done, hit.name.startswith("theater/"), subtitles.splitlines()[0]
        (1, True, '1')
    """

    def __init__(self, url: str | Path) -> None:
        """Open the archive at a path or URL; it is created with the first recording.

        Raises:
            EngineError: a URL needs a package that is not installed.
            InputError: there is no such kind of URL.
        """
        self._store = open_store(url)
        self._index: Index | None = None

    def __enter__(self) -> Archive:
        """Return the archive."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the archive."""
        self.close()

    def close(self) -> None:
        """Close the index; the archive opens it again when it is needed."""
        if self._index:
            self._index.close()
            self._index = None

    def add(
        self,
        sources: Sequence[str | Path],
        *,
        settings: Settings | None = None,
        under: str = "",
        retry_failed: bool = False,
        workers: int = 0,
        runner: Runner | None = None,
        observe: Callable[[Result], None] | None = None,
    ) -> Totals:
        """Add every new or changed recording below the sources, and return what was done.

        Args:
            sources: folders, files, globs and URLs.
            settings: engines and the like; the defaults if None.
            under: a folder of the archive for all of them.
            retry_failed: retry recordings that failed before.
            workers: processes to start; 0 to do the work in this one. Guard a script that starts some with
                ``if __name__ == "__main__":``, as ``multiprocessing`` asks.
            runner: does the work instead, such as a `DaskCluster`; the caller closes it.
            observe: called with each result.

        Raises:
            InputError: a source does not exist.
            OutputError: the archive cannot be written, or another process writes to it.
            EngineError: the engines cannot be loaded.
        """
        self.close()
        plan = BuildPlan(tuple(map(str, sources)), settings or Settings(), under, retry_failed)
        own = runner or (WorkerPool(workers) if workers else SameProcess())
        try:
            return build(self._store, plan, own, observe or _ignore, _ignore_count)
        finally:
            if runner is None:
                own.close()

    def search(
        self, query: str, filters: Filters = ANY, *, limit: int = 20, offset: int = 0, fuzzy: bool = False
    ) -> list[Hit]:
        """Return the utterances that match a query, best first.

        Args:
            query: words, "phrases", prefix*, AND, OR, NOT and parentheses.
            filters: conditions on the utterances.
            limit: largest number of hits.
            offset: number of hits to skip.
            fuzzy: also find words that sound like those of the query.

        Raises:
            InputError: the query cannot be understood, or there is no archive.
            OutputError: the index cannot be read or written.
        """
        index = self._opened()
        return read_current(
            self._store, index, self.refresh, lambda: search(index, query, filters, limit, fuzzy, offset)
        )

    def refresh(self) -> Synced:
        """Bring the index up to date with payloads that did not come through `add`, and return what was done.

        Raises:
            InputError: there is no archive.
            OutputError: the index cannot be written, or another process writes to it.
        """
        return sync(self._store, self._opened(), known_names())

    def open(self, name: str) -> Decoded:
        """Return the payload of a recording.

        Raises:
            InputError: no recording has that name.
            PayloadError: it is damaged.
        """
        return stored_payload(self._store, name.removesuffix(SUFFIX) + SUFFIX)

    def export(self, name: str, format_name: str) -> str:
        """Return the transcript of a recording in a format such as ``srt``.

        Raises:
            InputError, PayloadError: as `open`.
            OutputError: there is no such format.
        """
        form = format_named(format_name)
        return transcript_text(self.open(name), title_of(name), form, known_names())

    def rows(self) -> dict[str, Row]:
        """Return the row of each recording by its name, failed recordings included."""
        return latest_rows(self._store)

    def __iter__(self) -> Iterator[ArchivedRecording]:
        """Yield every recording with its payload, in the order of the folders; a damaged one has the reason instead."""
        for file in payload_files(self._store):
            name = file.name.removesuffix(SUFFIX)
            try:
                yield ArchivedRecording(name, self.open(name))
            except (PayloadError, InputError) as error:
                yield ArchivedRecording(name, None, str(error))

    def _opened(self) -> Index:
        if self._index is None:
            self._index = Index(index_path(self._store), READER_WAIT_S)
        return self._index


def _ignore(result: Result) -> None:
    """Do nothing."""


def _ignore_count(count: int) -> None:
    """Do nothing."""
