"""The commands ``search``, ``index`` and ``catalogue``."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...console.display import print_result, tell
from ...console.options import ForceFiles, Json, Quiet

if TYPE_CHECKING:
    from ..fulltext.index import Index
    from ..fulltext.searching import Hit
    from ..fulltext.syncing import Synced
    from ..stores import Store

SEARCH_EPILOG = (
    'Examples:\n\nspeechzip search "high tide" archive/\n\n'
    "speechzip search '\"high tide\" OR flood*' archive/ --speaker Anna\n\n"
    "speechzip search kowalski archive/ --fuzzy --after 2024-05-01"
)
INDEX_EPILOG = "Examples:\n\nspeechzip index archive/\n\nspeechzip index archive/ --rebuild"
CATALOGUE_EPILOG = "Example:\n\nspeechzip catalogue archive/ -o utterances.parquet"

ArchiveArgument = Annotated[str, typer.Argument(help="Folder or URL of the archive.")]


def search(
    query: Annotated[
        str, typer.Argument(help='Words, "phrases", prefix*, AND, OR, NOT and parentheses; quote it for the shell.')
    ],
    archive: ArchiveArgument,
    speaker: Annotated[str | None, typer.Option(metavar="NAME", help="Only what this speaker says.")] = None,
    after: Annotated[
        str | None, typer.Option(metavar="DATE", help="Recorded on this date or later, such as 2024-05-31.")
    ] = None,
    before: Annotated[str | None, typer.Option(metavar="DATE", help="Recorded before: 2024-06-01.")] = None,
    inside: Annotated[str | None, typer.Option("--in", metavar="PATH", help="Folder of the archive.")] = None,
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="Least confidence of the recognizer, such as 0.75.")
    ] = 0.0,
    fuzzy: Annotated[
        bool, typer.Option("--fuzzy", help="Also find words that sound alike, such as misspelled names.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="Most hits.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each hit.")] = False,
) -> None:
    """Search the words of an archive. Each hit comes with the command that plays it."""
    from ...console.display import printable_json
    from ..fulltext.dates import parse_date
    from ..fulltext.searching import Filters
    from ..fulltext.searching import search as search_index
    from ..fulltext.syncing import read_current
    from ..stores import open_store

    filters = Filters(
        speaker, parse_date(after) if after else None, parse_date(before) if before else None, inside, min_confidence
    )
    store = open_store(archive)
    with _reader(store) as index:
        hits = read_current(
            store,
            index,
            lambda: _sync(store, index, quiet=as_json),
            lambda: search_index(index, query, filters, limit, fuzzy),
        )
    for hit in hits:
        if as_json:
            print(printable_json(_json(hit, archive)))
        else:
            print("\n".join(_lines(hit, archive)))
    if not hits and not as_json:
        tell("nothing found" + ("" if fuzzy else "; --fuzzy also finds words that sound alike"))


def index(
    archive: ArchiveArgument,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Rebuild the index from all payloads.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Update the index of an archive with payloads that were added or removed by other means."""
    from ..fulltext.index import Index, index_path
    from ..stores import open_store

    store = open_store(archive)
    opened = Index(index_path(store))
    try:
        if rebuild:
            opened.clear()
        else:
            _replace_if_damaged(opened)
        synced = _sync(store, opened, quiet)
    finally:
        opened.close()
    summary = {"index": str(opened.path), "added": synced.added, "removed": synced.removed, "damaged": synced.damaged}
    lines = [f"{opened.path}: {synced.added} payloads added, {synced.removed} removed, {len(synced.damaged)} damaged"]
    if as_json or not quiet:
        print_result(summary, lines, as_json)


def catalogue(
    archive: ArchiveArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="Parquet file to write.")],
    as_json: Json = False,
    force: ForceFiles = False,
) -> None:
    """Write every utterance of an archive into a Parquet file, for DuckDB, Spark or Elasticsearch."""
    from ...console.display import shown_name
    from ...system.atomic import atomic_file
    from ..fulltext.parquet import write_parquet
    from ..fulltext.syncing import read_current
    from ..stores import open_store

    store = open_store(archive)
    with _reader(store) as opened:
        read_current(store, opened, lambda: _sync(store, opened, as_json), opened.check)
        with atomic_file(output, force) as file:
            count = write_parquet(opened, file)
    print_result(
        {"output": shown_name(output), "utterances": count}, [f"{shown_name(output)}: {count:,} utterances"], as_json
    )


@contextmanager
def _reader(store: Store) -> Generator[Index]:
    """Yield the archive's index, open for a command that does not wait long for other processes."""
    from ..fulltext.index import READER_WAIT_S, Index, index_path

    index = Index(index_path(store), READER_WAIT_S)
    try:
        yield index
    finally:
        index.close()


def _replace_if_damaged(index: Index) -> None:
    from ..fulltext.faults import IndexDamaged

    try:
        index.check()
    except IndexDamaged:
        index.replace_damaged()


def _sync(store: Store, index: Index, quiet: bool) -> Synced:
    from ...console.progress import progress_bar
    from ..export.files import known_names
    from ..fulltext.syncing import sync

    if quiet:
        synced = sync(store, index, known_names())
    else:
        with progress_bar("indexing", counted=True) as progress:
            synced = sync(store, index, known_names(), progress)
    for name, fault in synced.damaged:
        tell(f"{name} is left out: {fault}")
    return synced


def _json(hit: Hit, archive: str) -> dict[str, Any]:
    from ...console.display import shown_name
    from ..fulltext.dates import shown_date

    return {
        "file": shown_name(f"{archive.rstrip('/')}/{hit.name}.spz"),
        "recording": shown_name(hit.name),
        "start_s": hit.start_s,
        "end_s": hit.end_s,
        "speaker": hit.speaker,
        "confidence": hit.confidence,
        "recorded": shown_date(hit.recorded),
        "text": hit.text,
        "matches": [list(match) for match in hit.matches],
        "score": round(hit.score, 4),
        "play": play_command(hit, archive),
    }


def _lines(hit: Hit, archive: str) -> list[str]:
    from ...console.display import printable, shown_name
    from ..export.formats import clock

    before, after = (
        ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("»", "«")
    )  # no text holds these, see `printable`
    head = f"{shown_name(hit.name)}  {clock(hit.start_s)}  {printable(hit.speaker)}  {hit.confidence:.0%}"
    return [head, f"    {snippet(hit, before, after)}", f"    {play_command(hit, archive)}"]


def snippet(hit: Hit, before: str, after: str, characters: int = 160) -> str:
    """Return the words around the first match, with something around each match."""
    first = hit.matches[0][0] if hit.matches else 0
    start = max(0, first - characters // 2)
    end = min(len(hit.text), start + characters)
    marked = hit.marked("\x02", "\x03")
    if end - start < len(hit.text):
        shift = 0
        pieces: list[str] = []
        for position, character in enumerate(marked):
            shift += character in "\x02\x03"
            if character in "\x02\x03" or start <= position - shift < end:
                pieces.append(character)
        marked = ("…" if start else "") + "".join(pieces) + ("…" if end < len(hit.text) else "")
    return marked.replace("\x02\x03", "").replace("\x02", before).replace("\x03", after)


def play_command(hit: Hit, archive: str) -> str:
    """Return the command that plays a hit."""
    import shlex

    from ...console.display import shown_name

    file = f"{archive.rstrip('/')}/{hit.name}.spz"
    try:
        file.encode()
        quoted = shlex.quote(file) if file.isprintable() else ""
    except UnicodeEncodeError:
        quoted = ""
    if not quoted:  # bytes that no terminal shows, in the shell's own notation
        escaped = "".join(f"\\x{byte:02x}" if byte < 32 or byte > 126 or byte in b"'\\" else chr(byte)
                          for byte in file.encode(errors="surrogateescape"))  # fmt: skip
        quoted = f"$'{escaped}'"
    return f"speechzip play {shown_name(quoted)} --at {hit.start_s:g}"
