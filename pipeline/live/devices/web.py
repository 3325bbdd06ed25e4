"""The server of the page: a browser in place of the terminal, the microphone and the loudspeaker.

One HTTP server on loopback serves one page without outside resources and one WebSocket to it. Any other
page in the browser may try to reach it, too. Three checks keep other pages out:

    Host    must be this server: a name that was made to point to 127.0.0.1 (DNS rebinding) is not
    Origin  of the WebSocket must be this server
    token   128 random bits, in the URL's fragment, which the browser sends to nobody

The page sends JSON {"press", "release", "microphone", "rate"}, and PCM of its microphone: int16 little-endian, mono.
`page` has the other direction.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import json
import math
import secrets
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

import numpy as np

from ...audio.reading import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, Resampler
from ..extras import missing_extra
from ..reports import Notice, Observer
from ..wire.messages import Status
from .controls import Controls
from .page import NO_PAGE, Outgoing, Page

try:
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.datastructures import Headers
    from websockets.exceptions import ConnectionClosed
    from websockets.http11 import Request, Response
except ImportError as import_error:
    raise missing_extra("the page", "websockets") from import_error

HOST = "127.0.0.1"
MAX_MESSAGE_BYTES = 64 << 10
REPLACED = 4001
"""Close code: another window has taken over."""
LOST_MICROPHONE = "the page's microphone is missing, busy or not allowed"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}' blob:; style-src 'nonce-{nonce}'; connect-src ws://{host}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class PageServer:
    """Serves the page of one conversation to the latest window."""

    def __init__(self, conversation: Controls, page: Page) -> None:
        """Prepare to serve.

        Args:
            conversation: takes the page's sound and buttons.
            page: has the messages for the window.
        """
        self._conversation = conversation
        self._page = page
        self._token = secrets.token_urlsafe(16)
        self._hosts: frozenset[str] = frozenset()
        self._connection: ServerConnection | None = None

    async def run(self, announce: Observer) -> None:
        """Serve until canceled.

        Args:
            announce: called with a `Notice` that has the address to open.
        """
        server = serve(self._talk, HOST, 0, process_request=self._answer, max_size=MAX_MESSAGE_BYTES, compression=None)
        async with server as listening:
            port = next(iter(listening.sockets)).getsockname()[1]
            self._hosts = frozenset({f"{HOST}:{port}", f"localhost:{port}"})
            announce(Notice(f"Open this page: http://{HOST}:{port}/#{self._token}"))
            await asyncio.Event().wait()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Serve the page, admit its WebSocket (None), and refuse everything else."""
        hosts = request.headers.get_all("Host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return connection.respond(http.HTTPStatus.FORBIDDEN, "this page is for this machine only\n")
        url = urlsplit(request.path)
        if url.path == "/":
            return _html(hosts[0])
        if url.path != "/socket":
            return connection.respond(http.HTTPStatus.NOT_FOUND, "there is nothing here\n")
        token = parse_qs(url.query).get("token", [""])[0]
        origin = request.headers.get_all("Origin")
        if origin != [f"http://{hosts[0]}"] or not secrets.compare_digest(token.encode(), self._token.encode()):
            return connection.respond(http.HTTPStatus.FORBIDDEN, "open the page by the address that was printed\n")
        return None

    async def _talk(self, connection: ServerConnection) -> None:
        """Carry messages between the conversation and one window until it is closed or replaced."""
        if self._connection is not None:
            await self._connection.close(REPLACED, "open in another window")
        outgoing = Outgoing(self._page.limits)
        self._connection = connection
        self._page.window.open(outgoing)
        self._page.loudspeaker.restart()
        self._page.view.greet(self._conversation.is_hands_free)
        self._conversation.set_missing(Status.NO_LOUDSPEAKER, missing=False)
        sender = asyncio.ensure_future(_send_all(outgoing, connection))
        messages = PageMessages(self._conversation)
        try:
            async for message in connection:
                messages.take(message)
        except ConnectionClosed:
            pass
        finally:
            sender.cancel()
            outgoing.close()
            await asyncio.gather(sender, return_exceptions=True)
            if self._connection is connection:
                self._connection = self._page.window.outgoing = None
                self._conversation.release()
                self._conversation.set_missing(Status.NO_LOUDSPEAKER, missing=True, detail=NO_PAGE)


class PageMessages:
    """Reads the messages of one window. Anything else is ignored."""

    def __init__(self, conversation: Controls) -> None:
        self._conversation = conversation
        self._resampler: Resampler | None = None  # None: the window has not told its sample rate

    def take(self, message: str | bytes) -> None:
        """Act on a message."""
        if isinstance(message, bytes):
            self._take_sound(message)
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
            self._conversation.set_missing(Status.NO_MICROPHONE, not asked["microphone"], LOST_MICROPHONE)
        review_s = asked.get("review")  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        if isinstance(review_s, int | float) and math.isfinite(review_s):
            self._conversation.set_review(review_s)
        if "drop" in asked:
            self._conversation.drop_reviewed()
        if "press" in asked:
            self._conversation.press()
        elif "release" in asked:
            self._conversation.release()

    def _take_sound(self, message: bytes) -> None:
        pcm = np.frombuffer(message[: len(message) // 2 * 2], "<i2")
        if self._resampler is not None and len(pcm):
            block = np.asarray(pcm / 32768, np.float32)[:, np.newaxis]
            self._conversation.hear(self._resampler.push(block)[:, 0])


async def _send_all(outgoing: Outgoing, connection: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await connection.send(await outgoing.get())


def _html(host: str) -> Response:
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
