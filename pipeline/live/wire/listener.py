"""The end that is called: one peer at a time, and limits on the cost of strangers."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial

from ...errors import LinkError
from ..limits import LIMITS, Limits
from .events import Greeted, LinkEvent, Opened
from .messages import Hello, Reason
from .transport import Endpoint, LinkProtocol, OnEvent, OnState

OpenTransport = Callable[[Callable[[], LinkProtocol]], Awaitable[LinkProtocol]]


class Listener(Endpoint):
    """The end that is called. It talks with one peer at a time, and the same peer may come back."""

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
            LinkError: another program has it, or this machine does not have the address.
        """
        try:
            family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
            self._socket = socket.create_server((self._host, self._port), family=family, backlog=128)
        except OSError as error:
            raise LinkError(
                f"cannot listen on {self._host}:{self._port} ({error.strerror or error})",
                remedies=("another_address",),
            ) from error
        self._socket.setblocking(False)
        self._port = int(self._socket.getsockname()[1])
        return self._port

    async def run(self) -> None:
        """Accept calls until canceled; see `Endpoint.run`."""
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
                await self._begin(partial(self._over_socket, connection), connection.close)
        finally:
            self._socket.close()
            await self._stop_serving()

    async def _begin(self, open_transport: OpenTransport, close: Callable[[], object]) -> None:
        """Serve a connection in a task of its own; the oldest stranger goes where there are too many.

        Args:
            open_transport: gives a new protocol its transport, and returns the protocol.
            close: lets go of the connection, which may be closed already.
        """
        while len(self._ungreeted) >= self._limits.ungreeted:
            oldest = next(iter(self._ungreeted))
            oldest.cancel()
            await asyncio.wait({oldest})  # its memory is free before the next one takes some
        task = asyncio.ensure_future(self._serve(open_transport))
        self._tasks.add(task)
        self._ungreeted[task] = None
        task.add_done_callback(partial(self._forget, close))

    async def _stop_serving(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _over_socket(self, connection: socket.socket, make: Callable[[], LinkProtocol]) -> LinkProtocol:
        _, protocol = await asyncio.get_running_loop().connect_accepted_socket(
            make,
            connection,
            ssl=self._context,
            ssl_handshake_timeout=self._limits.handshake_s if self._context else None,
        )
        return protocol

    def _forget(self, close: Callable[[], object], task: asyncio.Task[None]) -> None:
        close()  # asyncio has done so, unless the task was canceled before it ran
        self._tasks.discard(task)
        self._ungreeted.pop(task, None)
        self._forgotten += 1
        if self._forgotten % (4 * self._limits.ungreeted) == 0:
            gc.collect()  # asyncio's TLS is full of circles, with 256 KiB of buffer in each

    async def _serve(self, open_transport: OpenTransport) -> None:
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

        try:
            protocol = await open_transport(lambda: LinkProtocol(self._link(listens=True), take, limits=self._limits))
        except (OSError, ssl.SSLError):  # it does not speak TLS, or has gone
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
            self._report("waiting", ended.message, has_left=ended.reason is Reason.DONE)

    def _admit(self, protocol: LinkProtocol, hello: Hello) -> bool:
        if protocol.link.ended:  # it has said hello and something impossible in one breath
            return False
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
