"""Ends of a live link for tests: real sockets on loopback, no sound."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from speechzip.pipeline.live.limits import LIMITS, Limits
from speechzip.pipeline.live.wire.caller import Caller
from speechzip.pipeline.live.wire.delivery import SplitPayload
from speechzip.pipeline.live.wire.events import DeliveredTo, LinkEvent, PayloadReceived
from speechzip.pipeline.live.wire.frames import FrameReader
from speechzip.pipeline.live.wire.listener import Listener
from speechzip.pipeline.live.wire.messages import (
    Acknowledge,
    FrameKind,
    Hello,
    Message,
    UtteranceMessage,
    VoicesMessage,
    encode_message,
)
from speechzip.pipeline.live.wire.security import Identity, Pin
from speechzip.pipeline.live.wire.state import LinkState
from speechzip.pipeline.live.wire.transport import Endpoint

TIMEOUT_S = 30.0


def hello(secret: bytes = b"") -> Hello:
    return Hello(b"", 1, b"\x01\x00", b"\x01", secret, "speechzip test")


@dataclass
class Person:
    """A person at one end, who records events and says things."""

    endpoint: Endpoint = field(init=False)
    heard: list[str] = field(default_factory=list[str])
    states: list[LinkState] = field(default_factory=list[LinkState])
    delivered: int = 0
    events: list[LinkEvent] = field(default_factory=list[LinkEvent])

    def on_event(self, event: LinkEvent) -> None:
        self.events.append(event)
        if isinstance(event, PayloadReceived):
            self.heard.append(event.payload[4:].decode())
            self.endpoint.take_next()
        elif isinstance(event, DeliveredTo):
            self.delivered += len(event.numbers)

    def say(self, text: str) -> None:
        self.endpoint.outbox.enqueue(SplitPayload(b"HH", b"VV", text.encode()))
        self.endpoint.flush()

    @property
    def phase(self) -> str:
        return self.states[-1].phase if self.states else ""


def listening_person(identity: Identity | None = None, limits: Limits = LIMITS) -> tuple[Person, int]:
    """Return a listening person, and the port."""
    person = Person()
    secret = identity.pin.secret if identity else b""
    listener = Listener(
        "127.0.0.1",
        0,
        hello(secret),
        person.on_event,
        person.states.append,
        identity.context if identity else None,
        limits=limits,
    )
    person.endpoint = listener
    return person, listener.bind()


def calling_person(
    port: int, pin: Pin | None = None, limits: Limits = LIMITS, connect_timeout_s: float | None = None
) -> Person:
    person = Person()
    person.endpoint = Caller(
        "127.0.0.1",
        port,
        hello(pin.secret if pin else b""),
        person.on_event,
        person.states.append,
        pin,
        connect_timeout_s=connect_timeout_s,
        limits=limits,
    )
    return person


@asynccontextmanager
async def _running(*people: Person) -> AsyncGenerator[None, None]:
    tasks = [asyncio.ensure_future(person.endpoint.run()) for person in people]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def running(*people: Person) -> AbstractAsyncContextManager[None]:
    """Keep the ends of these people connected."""
    return _running(*people)


async def until(condition: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
    """Wait until a condition holds; fail if it never does."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + timeout_s
    while not condition():
        assert loop.time() < deadline_s, "it never came to be"
        await asyncio.sleep(0.005)


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run an asyncio test; fail if it leaves a task or a thread behind."""
    threads = set(threading.enumerate())

    async def checked() -> None:
        await test()
        await asyncio.sleep(0.05)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left

    asyncio.run(checked())
    left = set(threading.enumerate()) - threads
    assert not left, left


class RawPeer:
    """A caller that may send anything, frame by frame."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._sequence = 0

    def send(self, *messages: Message) -> None:
        """Write frames, all at once."""
        self.writer.write(b"".join(map(encode_message, messages)))

    def say(self, *payloads: bytes | SplitPayload) -> None:
        """Send payloads, each with its voices, all in one write; wait for no acknowledgment."""
        messages: list[Message] = []
        for payload in payloads:
            split = payload if isinstance(payload, SplitPayload) else SplitPayload.of(payload)
            messages.append(VoicesMessage(self._sequence + 1, 0, split.voices))
            messages.append(UtteranceMessage(self._sequence + 2, 0, split.header, split.rest))
            self._sequence += 2
        self.send(*messages)


@asynccontextmanager
async def raw_peer(port: int) -> AsyncGenerator[RawPeer, None]:
    """Call a listener on loopback; yield when both ends may speak."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    peer = RawPeer(reader, writer)
    peer.send(replace(hello(), stream=secrets.token_bytes(8)))
    frames = FrameReader()
    kinds: list[int] = []
    while FrameKind.ACKNOWLEDGE not in kinds:
        code = await reader.read(4096)
        assert code, "the listener has hung up"
        kinds += [frame.kind for frame in frames.push(code)]
    peer.send(Acknowledge(0))
    try:
        yield peer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
