"""The end that connects: the addresses of the host, back-off, time limits."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import ssl
from collections.abc import Callable
from typing import Any

from ...errors import LinkError
from ..limits import LIMITS, Limits
from ..workers import Worker
from .events import Ended, LinkEvent, Opened, raise_if_fatal
from .messages import Hello, Reason
from .security import Pin
from .state import Phase
from .transport import Endpoint, LinkProtocol, OnEvent, OnState

LAST_TRY_S = 0.5
"""The last attempt to connect for the first time begins this long before the time is up."""


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
            host: the name or address to connect to.
            port: of the listener.
            hello: describes this end.
            on_event: takes the events of the link.
            on_state: takes the states of the link.
            pin: identity of the listener; None on loopback.
            connect_timeout_s: time limit for the first connection; None for none. A link that was open once is
                tried again without limit.
            limits: see there.
        """
        super().__init__(hello, on_event, on_state, limits)
        self._host, self._port, self._pin = host, port, pin
        self._connect_timeout_s = connect_timeout_s
        self._deadline_s: float | None = None  # of the first connection, by the loop's clock

    async def run(self) -> None:
        """Keep the link up until canceled; see `Endpoint.run`."""
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
                        "is `speechzip listen` running there?",
                        remedies=("connect_timeout",),
                    )
                pause_s = min(pause_s, left_s - LAST_TRY_S)
            self._report(phase, f"{ended.message}; trying again in {pause_s:.1f} s")
            await asyncio.sleep(pause_s)
            back_off_s = min(2 * back_off_s, self._limits.longest_back_off_s)

    @property
    def _place(self) -> str:
        return f"[{self._host}]:{self._port}" if ":" in self._host else f"{self._host}:{self._port}"

    def _left_s(self) -> float | None:
        """Return the time left for the first connection; None if it was open, or if there is no limit."""
        if self._deadline_s is None:
            return None
        return max(0.0, self._deadline_s - asyncio.get_running_loop().time())

    async def _once(self, names: Worker) -> tuple[Ended, bool]:
        """Make one connection; return why it ended or failed, and whether it was open."""
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
            OSError: none does. This is the reason of the last one.
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


def _reason(error: OSError | UnicodeError) -> str:
    """Return the reason of an error, in the system's words if it is the system's, where asyncio puts its own."""
    if isinstance(error, UnicodeError):
        return "this is no name of a host"
    if error.errno and not isinstance(error, ssl.SSLError | socket.gaierror):  # their numbers are their own
        return os.strerror(error.errno)
    return error.strerror or str(error)
