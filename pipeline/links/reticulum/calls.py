"""Live conversations over a link of Reticulum: ``speechzip talk rns:HASH`` and ``speechzip listen --over rns``.

The state machine of live conversations is the one that TCP carries (`live/wire/link.py`); its bytes go through a stream
of Reticulum's channel, which encrypts them, puts them in order and resends lost packets.
"""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from ...errors import LinkError
from ...live.limits import Limits
from ...live.reports import Observer, Pairing
from ...live.session.connecting import Connect, software_name
from ...live.session.engines import LiveEngines
from ...live.wire.caller import Caller
from ...live.wire.events import LinkEvent
from ...live.wire.listener import Listener
from ...live.wire.messages import Hello
from ...live.wire.transport import Endpoint, LinkProtocol, OnEvent, OnState
from ...live.workers import Worker
from .node import PATH_S, STEP_S, identity, parse_hash, start, wait_for_path

APP, ASPECT = "speechzip", "live"
"""Name of the destination that accepts calls."""
STREAM = 0
"""The one stream of the channel."""
ESTABLISH_S = 60.0
"""How long a link may take to open: two packets each way, over LoRa some seconds each."""
LIMITS = Limits(
    handshake_s=60.0, alive_every_s=30.0, silence_s=120.0, connect_s=PATH_S + ESTABLISH_S, write_buffer_bytes=2 << 10
)
"""Slow links: a keepalive every half minute takes 1 % of LoRa's slowest rate."""
RETRY_S = 0.05
TRIES = 15
"""How often the channel sends a packet before it closes the link. Its own 5 tries take half a second where the round
trip is short: a busy machine loses the link. Our own timeout (`Limits.silence_s`) ends a link that is dead."""
MAX_CALLS = 16
"""Links that wait to be served."""
ANNOUNCE_EVERY_S = 600.0


def dial(address: str, connect_timeout_s: float | None, config: Path | None) -> Connect:
    """Return the endpoint that calls a listener.

    Args:
        address: ``rns:HASH`` as ``listen`` prints it, or ``lxmf:HASH``, the address of the same person's messages.
        connect_timeout_s: how long to try the first time; None for ever.
        config: folder of Reticulum's configuration; its own default if None.
    """
    scheme, _, digits = address.partition(":")
    target = parse_hash(digits)

    def connect(engines: LiveEngines, on_event: OnEvent, observe: Observer) -> Endpoint:
        hello = engines.hello(b"", software_name())
        return _RnsCaller(start(config), scheme, target, hello, on_event, observe, connect_timeout_s)

    return connect


def wait_for_calls(config: Path | None) -> Connect:
    """Return the endpoint that accepts calls from anybody. It announces its address."""

    def connect(engines: LiveEngines, on_event: OnEvent, observe: Observer) -> Endpoint:
        rns = start(config)
        listener = _RnsListener(rns, engines.hello(b"", software_name()), on_event, observe)
        observe(Pairing(f"rns:{listener.address.hex()}", secret=False, path=""))
        return listener

    return connect


class _RnsCaller(Caller):
    """Opens links to one destination."""

    def __init__(
        self,
        rns: Any,
        scheme: str,
        address: bytes,
        hello: Hello,
        on_event: OnEvent,
        on_state: OnState,
        timeout_s: float | None,
    ) -> None:
        super().__init__(
            f"{scheme}:{address.hex()}", 0, hello, on_event, on_state, connect_timeout_s=timeout_s, limits=LIMITS
        )
        self._rns, self._address, self._is_for_messages = rns, address, scheme == "lxmf"

    @property
    def _place(self) -> str:
        return self._host

    async def _connect(self, names: Worker, take: Callable[[LinkProtocol, LinkEvent], None]) -> LinkProtocol:
        link = await names.run(_open_link, self._rns, self._address, self._is_for_messages)
        reader = _reader(self._rns, link)
        protocol = LinkProtocol(self._link(listens=False), take, limits=self._limits)
        RnsTransport(self._rns, link, reader, protocol)
        return protocol


class _RnsListener(Listener):
    """Accepts links to our destination."""

    def __init__(self, rns: Any, hello: Hello, on_event: OnEvent, on_state: OnState) -> None:
        super().__init__("rns", 0, hello, on_event, on_state, limits=LIMITS)
        self._rns = rns
        ours = identity(rns)
        self._destination = rns.Destination(ours, rns.Destination.IN, rns.Destination.SINGLE, APP, ASPECT)
        # Answers whoever looks for the key behind our address for messages, which `talk lxmf:HASH` names; takes none.
        self._for_messages = rns.Destination(ours, rns.Destination.IN, rns.Destination.SINGLE, "lxmf", "delivery")
        self.address = bytes(self._destination.hash)
        """The address that callers dial."""
        self._calls: queue.Queue[Any] = queue.Queue(MAX_CALLS)

    def bind(self) -> int:
        """Do nothing: a destination has no port."""
        return 0

    async def run(self) -> None:
        """Accept calls until canceled; see `Endpoint.run`."""
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()

        def established(link: Any) -> None:  # in a thread of Reticulum's
            reader = _reader(self._rns, link)  # before the first byte comes
            try:
                self._calls.put_nowait((link, reader))
            except queue.Full:
                link.teardown()
            loop.call_soon_threadsafe(arrived.set)

        self._destination.set_link_established_callback(established)
        self._report("waiting", f"on rns:{self.address.hex()}")
        announced_s = -ANNOUNCE_EVERY_S
        try:
            while True:
                if time.monotonic() - announced_s >= ANNOUNCE_EVERY_S:
                    self._destination.announce()
                    announced_s = time.monotonic()
                try:
                    await asyncio.wait_for(arrived.wait(), ANNOUNCE_EVERY_S)
                except asyncio.TimeoutError:
                    continue
                arrived.clear()
                while not self._calls.empty():
                    link, reader = self._calls.get_nowait()
                    await self._begin(self._over(link, reader), link.teardown)
        finally:
            await self._stop_serving()

    def _over(self, link: Any, reader: Any) -> Callable[[Callable[[], LinkProtocol]], Any]:
        async def open_transport(make: Callable[[], LinkProtocol]) -> LinkProtocol:
            protocol = make()
            RnsTransport(self._rns, link, reader, protocol)
            return protocol

        return open_transport


class RnsTransport(asyncio.Transport):
    """A link of Reticulum as an asyncio transport. All methods belong to the event loop's thread."""

    def __init__(self, rns: Any, link: Any, reader: Any, protocol: LinkProtocol) -> None:
        """Start, and inform the protocol."""
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._link, self._protocol = link, protocol
        self._pending = bytearray()
        self._high = 2 << 10
        self._paused = self._closing = self._lost = False
        self._retry: asyncio.TimerHandle | None = None
        self._writer = rns.RawChannelWriter(STREAM, link.get_channel())
        self._reader = reader
        link.set_link_closed_callback(self._closed)
        protocol.connection_made(self)
        self._reader.add_ready_callback(self._arrived)
        self._loop.call_soon(self._read)  # bytes that arrived before there was a callback

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Pause the protocol while more than `high` bytes wait."""
        self._high = high or self._high

    def is_closing(self) -> bool:
        """Return whether it is being closed."""
        return self._closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes, at once or as soon as the channel takes them."""
        self._pending += data
        self._pump()

    def close(self) -> None:
        """Close after everything written has been sent."""
        self._closing = True
        if not self._pending:
            self.abort()

    def abort(self) -> None:
        """Close now."""
        self._closing = True
        self._link.teardown()
        self._loop.call_soon(self._connection_lost)

    def _pump(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        while self._pending and not self._lost:
            count = self._writer.write(bytes(self._pending)) or 0
            del self._pending[:count]
            if not count:  # the channel's window is full
                self._retry = self._loop.call_later(RETRY_S, self._pump)
                break
        if len(self._pending) > self._high and not self._paused:
            self._paused = True
            self._protocol.pause_writing()
        elif self._paused and not self._pending:
            self._paused = False
            self._protocol.resume_writing()
        if self._closing and not self._pending:
            self.abort()

    def _arrived(self, _ready: int) -> None:  # in a thread of Reticulum's
        self._call(self._read)

    def _read(self) -> None:
        while not self._lost and not self._closing:
            buffer = self._protocol.get_buffer(-1)
            data = self._reader.read(len(buffer))
            if not data:
                return
            buffer[: len(data)] = data
            self._protocol.buffer_updated(len(data))

    def _connection_lost(self) -> None:
        if not self._lost:
            self._lost = self._closing = True
            if self._retry is not None:
                self._retry.cancel()
            self._protocol.connection_lost(None)

    def _closed(self, _link: Any) -> None:  # in a thread of Reticulum's
        self._call(self._connection_lost)

    def _call(self, function: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)


def _open_link(rns: Any, address: bytes, is_for_messages: bool) -> Any:
    """Return an open link. It blocks, so it needs a thread of its own.

    Args:
        rns: the module.
        address: of the destination that takes calls, or that takes messages for the same identity.
        is_for_messages: which of the two.

    Raises:
        OSError: there is no path, or no answer.
    """
    try:
        wait_for_path(rns, address)
        theirs = rns.Identity.recall(address)
        destination = rns.Destination(theirs, rns.Destination.OUT, rns.Destination.SINGLE, APP, ASPECT)
        if is_for_messages:
            wait_for_path(rns, destination.hash)
    except LinkError as error:
        raise OSError(str(error)) from error
    link = rns.Link(destination)
    for _ in _until(lambda: link.status == rns.Link.ACTIVE, ESTABLISH_S):
        if link.status == rns.Link.CLOSED:
            break
    if link.status != rns.Link.ACTIVE:
        link.teardown()
        raise OSError("the link was not answered")
    return link


def _reader(rns: Any, link: Any) -> Any:
    """Return the reader of a link's stream, and let its channel retry for longer."""
    channel = link.get_channel()
    channel._max_tries = TRIES  # it has no public setting
    return rns.RawChannelReader(STREAM, channel)


def _until(done: Callable[[], bool], seconds: float) -> Generator[None]:
    end_s = time.monotonic() + seconds
    while not done() and time.monotonic() < end_s:
        yield
        time.sleep(STEP_S)
