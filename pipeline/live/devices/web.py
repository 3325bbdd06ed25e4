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
from collections import deque
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

import numpy as np

from ...audio.reading import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, Resampler
from ...errors import DeviceError
from ...types import Samples
from ..extras import missing_extra
from ..limits import LIMITS, Limits
from ..reports import Heard, Notice, Observer, Pairing, Report, to_json
from ..wire.messages import Status
from ..wire.state import LinkState
from .controls import Controls

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
NO_PAGE = "no page is open: what is heard appears as text only"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}' blob:; style-src 'nonce-{nonce}'; connect-src ws://{host}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Outgoing:
    """What waits for one window to read, bounded: the oldest reports are left out, and sound has to wait."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._waiting: deque[str | bytes] = deque()
        self._reports = self._left_out = 0
        self._changed = asyncio.Event()
        self.sound_bytes = 0
        """Of the sound that waits."""
        self.is_closed = False

    def put_report(self, report: str) -> None:
        """Take in a report; where too many wait, the oldest one is left out."""
        if self._reports == self._limits.page_reports:
            del self._waiting[next(index for index, each in enumerate(self._waiting) if isinstance(each, str))]
            self._reports -= 1
            self._left_out += 1
        self._waiting.append(report)
        self._reports += 1
        self._changed.set()

    async def put_sound(self, sound: bytes) -> None:
        """Take in a piece of sound once there is room for it.

        Raises:
            DeviceError: the window has gone.
        """
        while self.sound_bytes + len(sound) > self._limits.page_sound_bytes and self.sound_bytes and not self.is_closed:
            await self._change()
        if self.is_closed:
            raise DeviceError(NO_PAGE)
        self._waiting.append(sound)
        self.sound_bytes += len(sound)
        self._changed.set()

    async def get(self) -> str | bytes:
        """Return what comes next, when there is something."""
        while not self._waiting:
            await self._change()
        if self._left_out:
            text = f"{self._left_out} reports were left out: this page did not read them"
            self._left_out = 0
            return json.dumps(to_json(Notice(text)))
        message = self._waiting.popleft()
        if isinstance(message, str):
            self._reports -= 1
        else:
            self.sound_bytes -= len(message)
            self._changed.set()
        return message

    def drop_sound(self) -> None:
        """Forget the sound that waits."""
        self._waiting = deque(each for each in self._waiting if isinstance(each, str))
        self.sound_bytes = 0
        self._changed.set()

    def close(self) -> None:
        """Take in that the window has gone."""
        self.is_closed = True
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


class Page:
    """One conversation's page; also its loudspeaker."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._token = secrets.token_urlsafe(16)
        self._hosts: frozenset[str] = frozenset()
        self._conversation: Controls | None = None
        self._connection: ServerConnection | None = None
        self._outgoing: Outgoing | None = None  # of the latest window
        self._played_at_s = 0.0  # when the sound that was sent will have been played, by the loop's clock
        self._remembered: dict[type[Report], Report] = {}
        self._resampler: Resampler | None = None

    def observe(self, report: Report) -> None:
        """Show a report on the page."""
        if isinstance(report, LinkState | Pairing):
            self._remembered[type(report)] = report
        self._send(json.dumps(to_json(report)))

    async def run(self, conversation: Controls, announce: Observer) -> None:
        """Serve the page until cancelled; see `FrontEnd`.

        Args:
            conversation: whose page it is.
            announce: is told a `Notice` with the address to open.
        """
        self._conversation = conversation
        server = serve(self._talk, HOST, 0, process_request=self._answer, max_size=MAX_MESSAGE_BYTES, compression=None)
        async with server as listening:
            port = next(iter(listening.sockets)).getsockname()[1]
            self._hosts = frozenset({f"{HOST}:{port}", f"localhost:{port}"})
            announce(Notice(f"Open this page: http://{HOST}:{port}/#{self._token}"))
            await asyncio.Event().wait()

    async def play(self, heard: Heard, samples: Samples, sample_rate: int) -> None:
        """Play a piece on the page; see `Loudspeaker.play`."""
        loop = asyncio.get_running_loop()
        length = int(self._limits.page_piece_s * sample_rate)
        for start in range(0, len(samples), length):
            if self._outgoing is None:
                raise DeviceError(NO_PAGE)
            piece = samples[start : start + length]
            pcm = np.clip(piece * 32767, -32768, 32767).astype("<i2")
            await self._outgoing.put_sound(sample_rate.to_bytes(4, "little") + pcm.tobytes())
            self._played_at_s = max(self._played_at_s, loop.time()) + len(piece) / sample_rate
            await asyncio.sleep(max(0.0, self._played_at_s - loop.time() - self._limits.page_ahead_s))

    async def finish(self, heard: Heard) -> None:
        """The next utterance follows; see `Loudspeaker.finish`."""

    async def stop(self) -> None:
        """Let the page be silent; see `Loudspeaker.stop`."""
        self._played_at_s = 0.0
        if self._outgoing is not None:
            self._outgoing.drop_sound()
            self._outgoing.put_report(json.dumps({"report": "Stop"}))

    async def close(self) -> None:
        """The server closes the page; see `Loudspeaker.close`."""

    def _send(self, report: str) -> None:
        if self._outgoing is not None:
            self._outgoing.put_report(report)

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
        assert self._conversation is not None
        if self._connection is not None:
            await self._connection.close(REPLACED, "open in another window")
        if self._outgoing is not None:
            self._outgoing.close()
        outgoing = Outgoing(self._limits)
        self._connection, self._outgoing, self._played_at_s = connection, outgoing, 0.0
        self._send(json.dumps({"report": "Welcome", "hands_free": self._conversation.is_hands_free}))
        for report in self._remembered.values():
            self._send(json.dumps(to_json(report)))
        self._conversation.device(Status.NO_LOUDSPEAKER, missing=False)
        sender = asyncio.ensure_future(self._pass_on(connection, outgoing))
        try:
            async for message in connection:
                self._take(message)
        except ConnectionClosed:
            pass
        finally:
            sender.cancel()
            outgoing.close()
            await asyncio.gather(sender, return_exceptions=True)
            if self._connection is connection:
                self._connection = self._outgoing = None
                self._conversation.release()
                self._conversation.device(Status.NO_LOUDSPEAKER, missing=True, detail=NO_PAGE)

    async def _pass_on(self, connection: ServerConnection, outgoing: Outgoing) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await connection.send(await outgoing.get())

    def _take(self, message: str | bytes) -> None:
        assert self._conversation is not None
        conversation = self._conversation
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
