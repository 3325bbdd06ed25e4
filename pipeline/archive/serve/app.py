"""The pages: search, a recording as a conversation, its speech and its transcripts."""

from __future__ import annotations

import base64
import binascii
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from ...console.display import printable, shown_name
from ...errors import InputError, PayloadError, SpeechzipError
from ...payload.format import Decoded
from ...protocols import Synthesizer
from ..excerpts import utterance_excerpt
from ..export.files import known_names, title_of, transcript_text
from ..export.formats import FORMATS, clock
from ..export.transcript import named_transcript
from ..fulltext.dates import shown_date
from ..fulltext.faults import IndexBusy
from ..fulltext.index import READER_WAIT_S, Index, as_bytes, as_name, index_path
from ..fulltext.searching import ANY, END, MARK, Filters, Hit, search
from ..fulltext.syncing import read_current, sync
from ..payloads import stored_payload
from ..stores import SUFFIX, Store
from .guard import Guard
from .speech import SpeechCache

HITS = 50
"""Largest number of hits, and of recordings, on a page."""
MOST_DIGITS = 6
"""Largest number of digits of a page's first hit."""
UNSURE = 0.75
"""Below this confidence an utterance is marked as unsure."""
MEDIA_TYPES = {"vtt": "text/vtt", "json": "application/json", "csv": "text/csv", "md": "text/markdown"}

PAGES = Environment(loader=PackageLoader("speechzip.pipeline.archive.serve"), autoescape=True, trim_blocks=True)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A recording that the user opened."""

    name: str
    decoded: Decoded


class Pages:
    """The pages of one archive."""

    def __init__(self, store: Store, index: Index, synthesizer: Synthesizer, cache: Path | None = None) -> None:
        self._store = store
        self._index = index
        self._speech = SpeechCache(synthesizer, cache)
        self._lock = threading.Lock()  # the index belongs to one thread at a time

    def routes(self) -> list[Route | Mount]:
        """Return the routes, without the token in front."""
        return [
            Route("/", self.start),
            Route("/hits", self.hits),
            Route("/r/{key}", self.recording),
            Route("/r/{key}/speech.wav", self.speech),
            Route("/r/{key}/transcript.{form}", self.transcript),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ]

    async def start(self, request: Request) -> Response:
        """Return the page with the search box."""
        content = await run_in_threadpool(self._found, request)
        total = await run_in_threadpool(self._count)
        archive = shown_name(self._store.url.rstrip("/").rsplit("/", 1)[-1])
        return _page("search.html", request, archive=archive, total=total, **content)

    async def hits(self, request: Request) -> Response:
        """Return only the hits, for a search as you type."""
        return _page("hits.html", request, **await run_in_threadpool(self._found, request))

    async def recording(self, request: Request) -> Response:
        """Return a recording as a conversation."""
        opened = await run_in_threadpool(self._open, request)
        transcript = named_transcript(opened.decoded, title_of(opened.name), known_names())
        lines = [
            {
                "number": number,
                "start": line.start_s,
                "end": line.end_s,
                "clock": clock(line.start_s),
                "speaker": transcript.speakers[line.speaker].label,
                "side": line.speaker % 6,
                "text": line.text,
                "unsure": line.confidence < UNSURE or line.is_unread,
                "confidence": f"{line.confidence:.0%}",
            }
            for number, line in enumerate(transcript.lines)
        ]
        return _page(
            "recording.html", request, title=transcript.title, name=shown_name(opened.name), lines=lines,
            duration=clock(transcript.duration_s), speakers=[speaker.label for speaker in transcript.speakers],
            recognizer=printable(transcript.recognizer), key=request.path_params["key"], formats=list(FORMATS),
            query=request.query_params.get("q", ""),
        )  # fmt: skip

    async def speech(self, request: Request) -> Response:
        """Return the speech of a recording, or of the utterance ``u``, as WAV; byte ranges work."""
        return await run_in_threadpool(self._speak, request)

    async def transcript(self, request: Request) -> Response:
        """Return a recording's transcript for download."""
        opened = await run_in_threadpool(self._open, request)
        form = request.path_params["form"]
        if form not in FORMATS:
            raise HTTPException(404)
        text = transcript_text(opened.decoded, title_of(opened.name), form, known_names())
        plain = "".join(c if (c.isalnum() and c.isascii()) or c in "-_." else "_" for c in title_of(opened.name))
        headers = {"content-disposition": f'attachment; filename="{plain}.{form}"'}
        return Response(text, media_type=MEDIA_TYPES.get(form, "text/plain"), headers=headers)

    def _speak(self, request: Request) -> Response:
        decoded = self._open(request).decoded
        payload = decoded.payload
        wanted = request.query_params.get("u")
        try:
            if wanted is not None and int(wanted) >= 0:
                said = [one for one in payload.utterances if " ".join(one.shown_text.split())]
                payload = utterance_excerpt(payload, said[int(wanted)])
            path = self._speech.file(payload, decoded.size)
        except (ValueError, IndexError) as error:
            raise HTTPException(404, str(error) if isinstance(error, InputError) else None) from error
        return FileResponse(path, media_type="audio/wav")  # not stored: it may be redacted in the next moment

    def _open(self, request: Request) -> _Opened:
        try:
            name = as_name(base64.urlsafe_b64decode(request.path_params["key"].encode() + b"=="))
        except (binascii.Error, ValueError) as error:
            raise HTTPException(404) from error
        with self._lock:
            known = self._index.query("SELECT 1 FROM recordings WHERE name = ?", (as_bytes(name),))
        if not known:  # only names in the index: none leads out of the archive
            raise HTTPException(404)
        try:
            return _Opened(name, stored_payload(self._store, name + SUFFIX))
        except (PayloadError, InputError) as error:
            raise HTTPException(410, f"{shown_name(name)}: {error}") from error

    def _count(self) -> int:
        with self._lock:
            return int(self._index.query("SELECT count(*) FROM recordings")[0][0])

    def _found(self, request: Request) -> dict[str, Any]:
        query = request.query_params.get("q", "").strip()
        speaker = request.query_params.get("speaker", "").strip()
        fuzzy = request.query_params.get("fuzzy") == "1"
        skipped = _skipped(request.query_params.get("from", ""))
        content: dict[str, Any] = {"query": query, "fuzzy": fuzzy, "speaker": speaker, "fault": "", "hits": []}
        with self._lock:
            try:  # one more than is shown tells whether there are more
                rows = read_current(
                    self._store,
                    self._index,
                    lambda: sync(self._store, self._index, known_names()),
                    lambda: self._rows(query, speaker, HITS + 1, fuzzy, skipped),
                )
            except InputError as error:
                return {**content, "fault": str(error)}
        content["hits" if query else "recordings"] = rows[:HITS]
        content["count"] = _counted(len(rows), skipped)
        if len(rows) > HITS:
            asked = {"q": query, "speaker": speaker, "fuzzy": "1" if fuzzy else "", "from": str(skipped + HITS)}
            content["more"] = urlencode({name: value for name, value in asked.items() if value})
        return content

    def _rows(self, query: str, speaker: str, limit: int, fuzzy: bool, skipped: int) -> list[dict[str, Any]]:
        if not query:
            return self._recordings(limit, skipped)
        filters = Filters(speaker=speaker) if speaker else ANY
        return [_shown_hit(hit) for hit in search(self._index, query, filters, limit, fuzzy, skipped)]

    def _recordings(self, limit: int, skipped: int) -> list[dict[str, Any]]:
        rows = self._index.query(
            "SELECT name, recorded, duration_s FROM recordings ORDER BY recorded DESC, name LIMIT ? OFFSET ?",
            (limit, skipped),
        )
        return [
            {
                "key": _key(name),
                "name": shown_name(as_name(name)),
                "date": shown_date(date),
                "duration": clock(duration),
            }
            for name, date, duration in rows
        ]


def _skipped(text: str) -> int:
    """Return how many hits the pages before have."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else 0


def _counted(rows: int, skipped: int) -> str:
    if skipped:
        return f"{skipped + 1} to {skipped + min(rows, HITS)}"
    return f"more than {HITS}" if rows > HITS else str(rows)


def create_app(store: Store, synthesizer: Synthesizer, token: str, port: int, cache: Path | None = None) -> ASGIApp:
    """Return the application; its index is brought up to date first.

    Args:
        store: the archive.
        synthesizer: speaks.
        token: first part of every address.
        port: of the server, for the check of Host and Origin.
        cache: folder for sound files; the user's cache if None.
    """
    index = Index(index_path(store), READER_WAIT_S)
    with suppress(IndexBusy):  # each page tries again
        sync(store, index, known_names())
    pages = Pages(store, index, synthesizer, cache)
    app = Starlette(
        routes=[Mount(f"/{token}", routes=pages.routes())],
        exception_handlers={HTTPException: _on_error, SpeechzipError: _on_fault},
    )
    return Guard(app, token, port)


def _shown_hit(hit: Hit) -> dict[str, Any]:
    marked = Markup(str(escape(hit.marked(MARK, END))).replace(MARK, "<mark>").replace(END, "</mark>"))
    return {
        "key": _key(as_bytes(hit.name)), "name": shown_name(hit.name), "number": hit.number,
        "clock": clock(hit.start_s), "speaker": hit.speaker, "marked": marked,
        "date": shown_date(hit.recorded), "unsure": hit.confidence < UNSURE,
    }  # fmt: skip


def _key(name: bytes) -> str:
    return base64.urlsafe_b64encode(name).decode().rstrip("=")


def _page(template: str, request: Request, **content: Any) -> Response:
    root = str(request.scope.get("root_path", "")).rstrip("/")
    return HTMLResponse(PAGES.get_template(template).render(root=root, **content))


async def _on_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else ""
    return HTMLResponse(
        PAGES.get_template("fault.html").render(root=_root(request), status=status, detail=printable(detail)), status
    )


async def _on_fault(request: Request, error: Exception) -> Response:
    return HTMLResponse(
        PAGES.get_template("fault.html").render(root=_root(request), status=500, detail=str(error)), 500
    )


def _root(request: Request) -> str:
    return "/" + str(request.scope["path"]).split("/")[1]
