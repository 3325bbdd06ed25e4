"""The page: a browser in place of the terminal, the microphone and the loudspeaker.

One HTTP server on loopback serves one page without outside resources and one WebSocket to it. Any other
page that the browser shows may try to reach it, too; what keeps them out:

    Host    must be this server: a name that was bent to 127.0.0.1 (DNS rebinding) is not
    Origin  of the WebSocket must be this server
    token   128 random bits, in the URL's fragment, which the browser sends to nobody

    page -> process   JSON {"press", "release", "microphone", "rate"}; PCM, int16 little-endian, mono
    process -> page   JSON reports; uint32 sample rate and PCM of what is heard
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import json
import secrets
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

import numpy as np

from ..audio import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, Resampler
from ..errors import DeviceError
from ..types import Samples
from .extras import missing_extra
from .messages import Status
from .party import Party
from .reports import Heard, LinkState, Notice, Observer, Pairing, Report, to_json

try:
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.datastructures import Headers
    from websockets.exceptions import ConnectionClosed
    from websockets.http11 import Request, Response
except ImportError as import_error:
    raise missing_extra("the page", "websockets") from import_error

HOST = "127.0.0.1"
MAX_MESSAGE_BYTES = 64 << 10
MAX_WAITING = 1000
"""Messages that wait for a page that does not read: beyond it the page is dropped."""
REPLACED = 4001
"""Close code: another window has taken over."""
LOST_MICROPHONE = "the page's microphone is missing, busy or not allowed"
NO_PAGE = "no page is open: what is heard appears as text only"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}' blob:; style-src 'nonce-{nonce}'; connect-src ws://{host}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Page:
    """One conversation's page; also its loudspeaker."""

    def __init__(self) -> None:
        self._token = secrets.token_urlsafe(16)
        self._hosts: frozenset[str] = frozenset()
        self._party: Party | None = None
        self._connection: ServerConnection | None = None
        self._waiting: asyncio.Queue[str | bytes] = asyncio.Queue(MAX_WAITING)
        self._remembered: dict[type[Report], Report] = {}
        self._resampler: Resampler | None = None

    def observe(self, report: Report) -> None:
        """Show a report on the page."""
        if isinstance(report, LinkState | Pairing):
            self._remembered[type(report)] = report
        self._send(json.dumps(to_json(report)))

    async def run(self, party: Party, announce: Observer) -> None:
        """Serve the page until cancelled; see `FrontEnd`.

        Args:
            party: whose page it is.
            announce: is told a `Notice` with the address to open.
        """
        self._party = party
        server = serve(self._talk, HOST, 0, process_request=self._answer, max_size=MAX_MESSAGE_BYTES, compression=None)
        async with server as listening:
            port = next(iter(listening.sockets)).getsockname()[1]
            self._hosts = frozenset({f"{HOST}:{port}", f"localhost:{port}"})
            announce(Notice(f"Open this page: http://{HOST}:{port}/#{self._token}"))
            await asyncio.Event().wait()

    async def play(self, heard: Heard, samples: Samples, sample_rate: int) -> None:
        """Play a piece on the page; see `Loudspeaker.play`."""
        if self._connection is None:
            raise DeviceError(NO_PAGE)
        pcm = np.clip(samples * 32767, -32768, 32767).astype("<i2")
        self._send(sample_rate.to_bytes(4, "little") + pcm.tobytes())

    async def finish(self, heard: Heard) -> None:
        """The next utterance follows; see `Loudspeaker.finish`."""

    async def close(self) -> None:
        """The server closes the page; see `Loudspeaker.close`."""

    def _send(self, message: str | bytes) -> None:
        if self._connection is None:
            return
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:  # it does not read
            self._connection.transport.abort()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Serve the page, let its WebSocket in (None), and nobody else."""
        hosts = request.headers.get_all("Host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return connection.respond(http.HTTPStatus.FORBIDDEN, "this page is for this machine only\n")
        url = urlsplit(request.path)
        if url.path == "/":
            return self._page(hosts[0])
        if url.path != "/socket":
            return connection.respond(http.HTTPStatus.NOT_FOUND, "there is nothing here\n")
        token = parse_qs(url.query).get("token", [""])[0]
        origin = request.headers.get_all("Origin")
        if origin != [f"http://{hosts[0]}"] or not secrets.compare_digest(token.encode(), self._token.encode()):
            return connection.respond(http.HTTPStatus.FORBIDDEN, "open the page by the address that was printed\n")
        return None

    def _page(self, host: str) -> Response:
        nonce = secrets.token_urlsafe(16)
        text = files(__package__ or "").joinpath("page.html").read_text(encoding="utf-8")
        body = text.replace("{nonce}", nonce).encode()
        headers = Headers()
        headers["Content-Type"] = "text/html; charset=utf-8"
        headers["Content-Length"] = str(len(body))
        headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.format(nonce=nonce, host=host)
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Referrer-Policy"] = "no-referrer"
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Cache-Control"] = "no-store"
        headers["Connection"] = "close"
        return Response(200, "OK", headers, body)

    async def _talk(self, connection: ServerConnection) -> None:
        """Carry messages between the conversation and one window; the latest window is the one."""
        assert self._party is not None
        if self._connection is not None:
            await self._connection.close(REPLACED, "open in another window")
        self._connection = connection
        self._waiting = asyncio.Queue(MAX_WAITING)
        self._send(json.dumps({"report": "Welcome", "hands_free": self._party.conversation.is_hands_free}))
        for report in self._remembered.values():
            self._send(json.dumps(to_json(report)))
        self._party.conversation.device(Status.NO_LOUDSPEAKER, missing=False)
        sender = asyncio.ensure_future(self._pass_on(connection, self._waiting))
        try:
            async for message in connection:
                self._take(message)
        except ConnectionClosed:
            pass
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            if self._connection is connection:
                self._connection = None
                self._party.conversation.release()
                self._party.conversation.device(Status.NO_LOUDSPEAKER, missing=True, detail=NO_PAGE)

    async def _pass_on(self, connection: ServerConnection, waiting: asyncio.Queue[str | bytes]) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await connection.send(await waiting.get())

    def _take(self, message: str | bytes) -> None:
        assert self._party is not None
        conversation = self._party.conversation
        if isinstance(message, bytes):
            pcm = np.frombuffer(message[: len(message) // 2 * 2], "<i2")
            if self._resampler is not None and len(pcm):
                block = np.asarray(pcm / 32768, np.float32)[:, np.newaxis]
                conversation.hear(self._resampler.push(block)[:, 0])
            return
        try:
            asked = json.loads(message)
        except ValueError:
            return
        if not isinstance(asked, dict):
            return
        rate = asked.get("rate")  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        if isinstance(rate, int | float) and MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE:
            self._resampler = Resampler(round(rate), 1)
        if "microphone" in asked:
            conversation.device(Status.NO_MICROPHONE, not asked["microphone"], LOST_MICROPHONE)
        if "press" in asked:
            conversation.press()
        elif "release" in asked:
            conversation.release()
