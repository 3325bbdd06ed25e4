"""asyncio around `Link`: a connection on a socket, and the part that callers and listeners share."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from ...errors import LinkError
from ..limits import LIMITS, Limits
from .delivery import Outbox, ReceivedStreams
from .events import Ended, LinkEvent, Opened, PayloadReceived
from .link import Link
from .messages import Hello, Reason, Status
from .security import Pin, check_pin
from .state import LinkState, Phase

logger = logging.getLogger(__name__)

OnEvent = Callable[[LinkEvent], None]
OnState = Callable[[LinkState], None]


class LinkProtocol(asyncio.BufferedProtocol):
    """A `Link` on a socket."""

    def __init__(
        self,
        link: Link,
        on_event: Callable[[LinkProtocol, LinkEvent], None],
        pin: Pin | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        self.link = link
        self._limits = limits
        # A view: asyncio's TLS writes a second record to a slice of the buffer, and a slice of a bytearray is a copy.
        self._buffer = memoryview(bytearray(limits.read_bytes))
        self.lost: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._on_event = on_event
        self._pin = pin
        self._transport: asyncio.Transport | None = None
        self._writable = True
        self._timer: asyncio.TimerHandle | None = None
        self._ended: Ended | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (asyncio calls it)."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=self._limits.write_buffer_bytes)
        if self._pin is not None:
            try:
                check_pin(self._pin, transport.get_extra_info("ssl_object"))
            except LinkError as error:
                self._ended = Ended(Reason.DENIED, str(error), fatal=True)
                transport.abort()
                return
        self._tick()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes go (asyncio calls it)."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take in bytes (asyncio calls it)."""
        self._dispatch(self.link.receive(bytes(self._buffer[:nbytes]), time.monotonic()))

    def pause_writing(self) -> None:
        """Write no more for now (asyncio calls it)."""
        self._writable = False

    def resume_writing(self) -> None:
        """Go on (asyncio calls it)."""
        self._writable = True
        self.flush()

    def eof_received(self) -> bool:
        """Close this half as well (asyncio calls it)."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Clean up (asyncio calls it)."""
        if self._timer:
            self._timer.cancel()
        self.link.close()
        if not self.lost.done():
            detail = f" ({exc})" if exc else ""
            self.lost.set_result(self._ended or Ended(Reason.SILENCE, f"the connection was lost{detail}", fatal=False))

    def flush(self) -> None:
        """Write the messages that wait, if there is room."""
        if self._transport is None or not self._writable or self._transport.is_closing():
            return
        if data := self.link.to_send(time.monotonic()):
            self._transport.write(data)
        if self.link.ended:
            self._transport.close()  # once the goodbye is out
            asyncio.get_running_loop().call_later(self._limits.linger_s, self._transport.abort)

    def take_next(self) -> None:
        """Take one more utterance from the peer; see `Link.take_next`."""
        self._dispatch(self.link.take_next())

    def end(self, reason: Reason) -> None:
        """Say goodbye and close."""
        if not self.link.ended:
            self._ended = self.link.refuse(reason)
        self.flush()
        if self._transport is not None and not (self._writable and self.link.bytes_sent):
            self._transport.abort()  # a goodbye would not get out, or is meant for nobody

    def _tick(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._limits.tick_s, self._tick)
        self._dispatch(self.link.advance(time.monotonic()))

    def _dispatch(self, events: list[LinkEvent]) -> None:
        for event in events:
            if isinstance(event, Ended):
                self._ended = event
            self._on_event(self, event)
        self.flush()
        if self.link.ended and self._transport is not None and not self._writable:
            self._transport.abort()


class Endpoint:
    """One end of a conversation, across its connections."""

    def __init__(self, hello: Hello, on_event: OnEvent, on_state: OnState, limits: Limits = LIMITS) -> None:
        self.outbox, self.inbox = Outbox(limits), ReceivedStreams(limits)
        self._limits = limits
        self._ready = True  # for one more utterance
        self._hello = hello
        self._on_event, self._on_state = on_event, on_state
        self._protocol: LinkProtocol | None = None
        self._status = Status.NOTHING
        self._peer: Hello | None = None
        self._closing = False
        self._past_bytes = [0, 0]  # sent and received by links of the past

    @property
    def peer(self) -> Hello | None:
        """The hello of the peer, while there is a link."""
        return self._peer if self._protocol is not None else None

    @property
    def traffic(self) -> tuple[int, int]:
        """Bytes sent and received, all frames counted."""
        now = self._protocol.link if self._protocol else None
        return (
            self._past_bytes[0] + (now.bytes_sent if now else 0),
            self._past_bytes[1] + (now.bytes_received if now else 0),
        )

    async def run(self) -> None:
        """Keep the conversation up until canceled.

        Raises:
            LinkError: another attempt would fail in the same way.
        """
        raise NotImplementedError

    def flush(self) -> None:
        """Send the utterances in the outbox if there is a link; otherwise they wait."""
        if self._protocol:
            self._protocol.flush()

    def played(self, sequence: int) -> None:
        """Tell the peer that its item is being played."""
        if self._protocol:
            self._protocol.link.played(sequence)
            self._protocol.flush()

    def set_status(self, status: Status) -> None:
        """Tell the peer about this end, now and after each reconnection."""
        self._status = status
        if self._protocol:
            self._protocol.link.set_status(status)
            self._protocol.flush()

    def take_next(self) -> None:
        """Take one more utterance from the peer. Until this is called after a `PayloadReceived`, the peer waits."""
        self._ready = True
        if self._protocol:
            self._protocol.take_next()

    async def close(self) -> None:
        """Say goodbye, and wait until it is sent."""
        self._closing = True
        if protocol := self._protocol:
            protocol.end(Reason.DONE)
            await self._wait_lost(protocol)

    def _link(self, listens: bool) -> Link:
        return Link(
            self._hello,
            self.inbox,
            self.outbox,
            listens=listens,
            now_s=time.monotonic(),
            ready=False,
            limits=self._limits,
        )

    def _pass_on(self, protocol: LinkProtocol, event: LinkEvent) -> None:
        if isinstance(event, PayloadReceived):
            self._ready = False
        self._on_event(event)
        if isinstance(event, Opened) and self._ready:
            protocol.take_next()

    async def _wait_lost(self, protocol: LinkProtocol) -> None:
        """Wait until a connection that was told to end has gone."""
        await asyncio.wait({protocol.lost}, timeout=2 * self._limits.linger_s)
        assert protocol.link.ended

    def _opened(self, protocol: LinkProtocol, hello: Hello, detail: str) -> None:
        self._protocol, self._peer = protocol, hello
        protocol.link.set_status(self._status)
        self._report("connected", detail)

    def _closed(self, protocol: LinkProtocol) -> None:
        if self._protocol is protocol:
            self._protocol = None
        self._past_bytes[0] += protocol.link.bytes_sent
        self._past_bytes[1] += protocol.link.bytes_received

    def _report(self, phase: Phase, detail: str, has_left: bool = False) -> None:
        logger.debug("%s: %s; %d payloads wait", phase, detail, len(self.outbox))
        self._on_state(LinkState(phase, detail, len(self.outbox), has_left))
