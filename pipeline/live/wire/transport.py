"""asyncio around `Link`: TCP, time, back-off and the limits that protect a listener."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

from ...errors import LinkError
from ..limits import LIMITS, Limits
from ..workers import Worker
from .delivery import Inbox, Outbox
from .link import Ended, Greeted, Link, LinkEvent, Opened, PayloadReceived, raise_if_fatal
from .messages import Hello, Reason, Status
from .security import Pin, check_pin
from .state import LinkState, Phase

LAST_TRY_S = 0.5
"""The last attempt to connect for the first time begins so long before the time is up."""

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
        self._buffer = bytearray(limits.read_bytes)
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

    def get_buffer(self, sizehint: int) -> bytearray:
        """Return where the next bytes go (asyncio calls it)."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take in bytes (asyncio calls it)."""
        self._dispatch(self.link.receive(bytes(self._buffer[:nbytes]), time.monotonic()))

    def pause_writing(self) -> None:
        """Make nothing more (asyncio calls it)."""
        self._writable = False

    def resume_writing(self) -> None:
        """Go on (asyncio calls it)."""
        self._writable = True
        self.flush()

    def eof_received(self) -> bool:
        """Close our half as well (asyncio calls it)."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Clean up (asyncio calls it)."""
        if self._timer:
            self._timer.cancel()
        self.link.ended = True
        if not self.lost.done():
            detail = f" ({exc})" if exc else ""
            self.lost.set_result(self._ended or Ended(Reason.DONE, f"the connection was lost{detail}", fatal=False))

    def flush(self) -> None:
        """Write what there is to say, as far as there is room."""
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
        self.outbox, self.inbox = Outbox(limits), Inbox(limits)
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
        """Who is at the other end, while there is a link."""
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
        """Keep the conversation up until cancelled.

        Raises:
            LinkError: there is no use in going on.
        """
        raise NotImplementedError

    def flush(self) -> None:
        """Send what the outbox holds, if there is a link; otherwise it waits."""
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
        """Say goodbye, and wait until it is out."""
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

    def _report(self, phase: Phase, detail: str) -> None:
        self._on_state(LinkState(phase, detail, len(self.outbox)))


class Caller(Endpoint):
    """The end that connects, and connects again with growing pauses when the link is lost."""

    def __init__(
        self,
        host: str,
        port: int,
        hello: Hello,
        on_event: OnEvent,
        on_state: OnState,
        pin: Pin | None = None,
        *,
        connect_timeout_s: float | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        """Prepare to call.

        Args:
            host: whom; a name or an address.
            port: where.
            hello: what to say about this end.
            on_event: takes what happens on the link.
            on_state: takes what happens to the link.
            pin: what the listener must prove; None on loopback.
            connect_timeout_s: how long to try for the first time; None for ever. A link that has been there once is
                tried for again for ever.
            limits: see there.
        """
        super().__init__(hello, on_event, on_state, limits)
        self._host, self._port, self._pin = host, port, pin
        self._connect_timeout_s = connect_timeout_s
        self._deadline_s: float | None = None  # of the first connection, by the loop's clock

    async def run(self) -> None:
        """Keep the link up until cancelled; see `Endpoint.run`."""
        with Worker("speechzip-names") as names:
            await self._keep_up(names)

    async def _keep_up(self, names: Worker) -> None:
        phase: Phase = "connecting"
        back_off_s = self._limits.first_back_off_s
        if self._connect_timeout_s is not None:
            self._deadline_s = asyncio.get_running_loop().time() + self._connect_timeout_s
        self._report(phase, f"to {self._place}")
        while True:
            ended, was_open = await self._once(names)
            raise_if_fatal(ended)
            if self._closing:
                self._report("closed", "")
                return
            if was_open:
                phase, back_off_s = "reconnecting", self._limits.first_back_off_s
            pause_s = back_off_s * random.uniform(0.75, 1.25)  # so that many do not come back at once
            if (left_s := self._left_s()) is not None:
                if left_s <= LAST_TRY_S:
                    raise LinkError(
                        f"no conversation within {self._connect_timeout_s:g} s: {ended.message}; "
                        "is `speechzip listen` running there? --connect-timeout says how long to try"
                    )
                pause_s = min(pause_s, left_s - LAST_TRY_S)
            self._report(phase, f"{ended.message}; trying again in {pause_s:.1f} s")
            await asyncio.sleep(pause_s)
            back_off_s = min(2 * back_off_s, self._limits.longest_back_off_s)

    @property
    def _place(self) -> str:
        return f"[{self._host}]:{self._port}" if ":" in self._host else f"{self._host}:{self._port}"

    def _left_s(self) -> float | None:
        """Return how long the first connection may take yet; None once it was there, or where it may take for ever."""
        if self._deadline_s is None:
            return None
        return max(0.0, self._deadline_s - asyncio.get_running_loop().time())

    async def _once(self, names: Worker) -> tuple[Ended, bool]:
        """Return why one connection ended, or could not be made, and whether it ever was open."""
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def take(protocol: LinkProtocol, event: LinkEvent) -> None:
            if isinstance(event, Opened):
                opened.set_result(None)
                self._deadline_s = None
                self._opened(protocol, event.hello, f"to {self._place}")
            self._pass_on(protocol, event)

        left_s = self._left_s()
        connect_s = self._limits.connect_s if left_s is None else min(left_s, self._limits.connect_s)
        try:
            protocol = await asyncio.wait_for(self._connect(names, take), connect_s)
        except asyncio.TimeoutError:
            return Ended(Reason.SILENCE, f"{self._place} does not answer", fatal=False), False
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that cannot be one of a host
            message = f"{self._place} cannot be reached ({_reason(error)})"
            return Ended(Reason.SILENCE, message, fatal=False), False
        try:
            either: set[asyncio.Future[Any]] = {protocol.lost, opened}
            await asyncio.wait(either, timeout=self._left_s(), return_when=asyncio.FIRST_COMPLETED)
            if not protocol.lost.done() and not opened.done():
                return Ended(Reason.SILENCE, f"{self._place} does not greet us", fatal=False), False
            return await asyncio.shield(protocol.lost), opened.done()
        finally:
            if not protocol.lost.done():
                protocol.end(Reason.DONE)
                await self._wait_lost(protocol)
            self._closed(protocol)

    async def _connect(self, names: Worker, take: Callable[[LinkProtocol, LinkEvent], None]) -> LinkProtocol:
        """Return a connection to the first of the host's addresses that takes one.

        Raises:
            OSError: none does; this is the last one's reason.
        """
        loop = asyncio.get_running_loop()
        # Not in the loop's own threads, which would be waited for at the end.
        found = await names.run(socket.getaddrinfo, self._host, self._port, type=socket.SOCK_STREAM)
        refused: OSError = OSError(f"{self._host} has no address")
        for host in dict.fromkeys(str(address[0]) for *_, address in found):
            try:
                _, protocol = await loop.create_connection(
                    lambda: LinkProtocol(self._link(listens=False), take, self._pin, self._limits),
                    host,
                    self._port,
                    ssl=self._pin.client_context() if self._pin else None,
                    server_hostname="" if self._pin else None,
                )
            except OSError as error:
                refused = error
            else:
                return protocol
        raise refused


class Listener(Endpoint):
    """The end that is called. One peer at a time is talked with; the same peer may come back."""

    def __init__(
        self,
        host: str,
        port: int,
        hello: Hello,
        on_event: OnEvent,
        on_state: OnState,
        context: ssl.SSLContext | None = None,
        *,
        limits: Limits = LIMITS,
    ) -> None:
        super().__init__(hello, on_event, on_state, limits)
        self._host, self._port, self._context = host, port, context
        self._socket: socket.socket | None = None
        self._ungreeted: OrderedDict[asyncio.Task[None], None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_stream: bytes | None = None
        self._forgotten = 0  # connections

    def bind(self) -> int:
        """Take the port; return its number.

        Raises:
            LinkError: it is taken, or the address is not ours.
        """
        try:
            family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
            self._socket = socket.create_server((self._host, self._port), family=family, backlog=128)
        except OSError as error:
            raise LinkError(
                f"cannot listen on {self._host}:{self._port} ({error.strerror or error}); "
                "choose another --port or --host"
            ) from error
        self._socket.setblocking(False)
        self._port = int(self._socket.getsockname()[1])
        return self._port

    async def run(self) -> None:
        """Accept calls until cancelled; see `Endpoint.run`."""
        if self._socket is None:
            self.bind()
        assert self._socket is not None
        self._report("waiting", f"on {self._host}:{self._port}")
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    connection, _ = await loop.sock_accept(self._socket)
                except OSError:  # out of file descriptors, or the caller has gone already
                    await asyncio.sleep(self._limits.tick_s)
                    continue
                while len(self._ungreeted) >= self._limits.ungreeted:
                    oldest = next(iter(self._ungreeted))
                    oldest.cancel()
                    await asyncio.wait({oldest})  # its memory is free before the next one takes some
                task = asyncio.ensure_future(self._serve(connection))
                self._tasks.add(task)
                self._ungreeted[task] = None
                task.add_done_callback(partial(self._forget, connection))
        finally:
            self._socket.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _forget(self, connection: socket.socket, task: asyncio.Task[None]) -> None:
        connection.close()  # asyncio has done so, unless the task was cancelled before it ran
        self._tasks.discard(task)
        self._ungreeted.pop(task, None)
        self._forgotten += 1
        if self._forgotten % (4 * self._limits.ungreeted) == 0:
            gc.collect()  # asyncio's TLS is full of circles, with 256 KiB of buffer in each

    async def _serve(self, connection: socket.socket) -> None:
        this_task = asyncio.current_task()
        assert this_task is not None

        def take(protocol: LinkProtocol, event: LinkEvent) -> None:
            if isinstance(event, Greeted):
                if self._admit(protocol, event.hello):
                    self._ungreeted.pop(this_task, None)
            elif self._protocol is protocol:
                if isinstance(event, Opened):
                    self._opened(protocol, event.hello, "with a caller")
                self._pass_on(protocol, event)

        loop = asyncio.get_running_loop()
        try:
            _, protocol = await loop.connect_accepted_socket(
                lambda: LinkProtocol(self._link(listens=True), take, limits=self._limits),
                connection,
                ssl=self._context,
                ssl_handshake_timeout=self._limits.handshake_s if self._context else None,
            )
        except (OSError, ssl.SSLError):  # no TLS, or gone: nobody to tell
            return
        try:
            ended = await asyncio.shield(protocol.lost)
        finally:
            if not protocol.lost.done():
                protocol.end(Reason.DONE)
                await self._wait_lost(protocol)
            was_current = self._protocol is protocol
            self._closed(protocol)
        if was_current:
            self._report("waiting", ended.message)

    def _admit(self, protocol: LinkProtocol, hello: Hello) -> bool:
        current = self._protocol
        if current is not None and hello.stream != self._last_stream:
            protocol.end(Reason.BUSY)
            return False
        if current is not None:  # the same peer comes back before we have noticed that it was gone
            self._protocol = None
            current.end(Reason.DONE)
        if hello.stream != self._last_stream:
            self.outbox.restart()
            self._last_stream = hello.stream
        self._protocol = protocol
        protocol.link.admit()
        return True


def _reason(error: OSError | UnicodeError) -> str:
    """Return what went wrong in the system's words, where it is the system's: asyncio puts its own in their place."""
    if isinstance(error, UnicodeError):
        return "this is no name of a host"
    if error.errno and not isinstance(error, ssl.SSLError | socket.gaierror):  # their numbers are their own
        return os.strerror(error.errno)
    return error.strerror or str(error)
