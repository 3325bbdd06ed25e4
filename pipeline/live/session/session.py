"""A whole party: engines, devices or files, the link, and somebody who watches."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ...errors import DeviceError, LiveError
from ...types import Samples
from ..devices.files import FolderLoudspeaker, play_in_real_time
from ..devices.loudspeaker import Loudspeaker
from ..devices.sound import DeviceLoudspeaker
from ..limits import LIMITS, Limits
from ..reports import Heard, Notice, Observer, Pairing, Played, Report, Said
from ..wire.caller import Caller
from ..wire.listener import Listener
from ..wire.messages import Status
from ..wire.pairing import pairing_line, write_pairing_file
from ..wire.security import Address, Identity, is_loopback, new_identity, reachable_host
from ..wire.state import LinkState
from ..wire.transport import Endpoint
from .conversation import Conversation, LiveEngines
from .merging import Merging

SETTLE_S = 0.3
"""How long nothing may be left to do before a recording's talker leaves."""
PLAYED_S = 30.0
"""How long the end of a recording waits for the peer's loudspeaker."""


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """How a party takes part."""

    input: Path | None = None
    """A recording in place of the microphone; when all of it has been played to the peer, the party leaves."""
    output: Path | None = None
    """A folder in place of the loudspeaker."""
    hands_free: bool = False
    """Whether to listen always; otherwise from `press` to `release`."""
    force: bool = False
    """Whether an earlier conversation in `output` may be overwritten."""
    once: bool = False
    """Whether a listener leaves when its first peer does."""


@dataclass(slots=True)
class Session:
    """What a front end, such as the terminal or the page, holds on to while the conversation runs."""

    conversation: Conversation
    endpoint: Endpoint
    done: asyncio.Event = field(default_factory=asyncio.Event)
    """Set it to leave."""


Connect = Callable[[LiveEngines, Conversation, Observer], Endpoint]
FrontEnd = Callable[[Session], Coroutine[Any, Any, None]]
"""What runs beside the conversation, and is cancelled at its end."""


def dial(address: Address, connect_timeout_s: float | None = None, limits: Limits = LIMITS) -> Connect:
    """Return what connects to a listener, and tries so long for the first time."""

    def connect(engines: LiveEngines, conversation: Conversation, observe: Observer) -> Endpoint:
        hello = engines.hello(address.pin.secret if address.pin else b"", _software())
        return Caller(
            address.host,
            address.port,
            hello,
            conversation.take_event,
            conversation.take_state,
            address.pin,
            connect_timeout_s=connect_timeout_s,
            limits=limits,
        )

    return connect


def wait_for_calls(
    host: str,
    port: int,
    secure: bool,
    pairing_file: Path | None = None,
    force: bool = False,
    limits: Limits = LIMITS,
) -> Connect:
    """Return what listens on an address: with TLS and a secret anywhere but on loopback, or where `secure` asks.

    Args:
        host: the address.
        port: 0 for any that is free.
        secure: whether to ask for a secret on loopback, too.
        pairing_file: where to write the pairing line, for nobody else to read; it is then not shown.
        force: whether that may overwrite a file which is none of an earlier pairing line.
        limits: see there.
    """

    def connect(engines: LiveEngines, conversation: Conversation, observe: Observer) -> Endpoint:
        identity: Identity | None = new_identity() if secure or not is_loopback(host) else None
        hello = engines.hello(identity.pin.secret if identity else b"", _software())
        listener = Listener(
            host,
            port,
            hello,
            conversation.take_event,
            conversation.take_state,
            identity.context if identity else None,
            limits=limits,
        )
        bound_port = listener.bind()
        line = pairing_line(reachable_host(host), bound_port, identity.pin if identity else None)
        if pairing_file is not None:
            write_pairing_file(pairing_file, line, force)
        observe(Pairing("" if pairing_file else line, secret=identity is not None, path=str(pairing_file or "")))
        return listener

    return connect


async def run_session(
    engines: LiveEngines,
    connect: Connect,
    options: SessionOptions,
    observe: Observer,
    front_end: FrontEnd | None = None,
    loudspeaker: Loudspeaker | None = None,
    limits: Limits = LIMITS,
) -> None:
    """Run a party to its end: when a recording is over, `Session.done` is set, or a signal asks to stop.

    Args:
        engines: loaded ones.
        connect: makes the link's end.
        options: how to take part.
        observe: is told what happens.
        front_end: runs beside, given the `Session`; brings sound, unless `options.input` does.
        loudspeaker: takes what is heard, instead of a folder or the device.
        limits: see there.

    Raises:
        SpeechzipError: one of its kinds; it cannot begin, or the peer has turned us away.
    """
    merging = Merging(observe, limits.status_every_s)
    watch = _Watch(merging)
    out = loudspeaker or _loudspeaker(options, watch)
    conversation = Conversation(engines, out, watch, hands_free=options.hands_free, limits=limits)
    endpoint = connect(engines, conversation, watch)
    conversation.attach(endpoint)
    session = Session(conversation, endpoint)
    if isinstance(out, TextOnly):
        conversation.device(Status.NO_LOUDSPEAKER, missing=True, detail=out.reason)
    jobs: list[Coroutine[Any, Any, None]] = [conversation.run(), _until(session.done), _until_stopped()]
    side_jobs: list[Coroutine[Any, Any, None]] = []
    if options.input:
        jobs.append(_play_input(options.input, session, watch))
    if options.once:
        jobs.append(watch.until_left())
    if front_end:
        side_jobs.append(front_end(session))
    try:
        await _first_of(jobs, side_jobs)
    finally:
        merging.flush()


class TextOnly:
    """No loudspeaker: the words are shown, and that is all."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    async def play(self, heard: Heard, samples: Samples, sample_rate: int) -> None:
        """Say that nothing is heard; see `Loudspeaker.play`."""
        raise DeviceError(self.reason)

    async def finish(self, heard: Heard) -> None:
        """See `Loudspeaker.finish`."""

    async def stop(self) -> None:
        """See `Loudspeaker.stop`."""

    async def close(self) -> None:
        """See `Loudspeaker.close`."""


class _Watch:
    """An observer that passes everything on, and keeps what the end of a conversation depends on."""

    def __init__(self, observe: Observer) -> None:
        self._observe = observe
        self._connected = asyncio.Event()
        self._left = asyncio.Event()
        self.unplayed: set[int] = set()

    def __call__(self, report: Report) -> None:
        match report:
            case LinkState(phase):
                if phase == "connected":
                    self._connected.set()
                elif self._connected.is_set():
                    self._left.set()
            case Said(number):
                self.unplayed.add(number)
            case Played(number):
                self.unplayed.discard(number)
            case _:
                pass
        self._observe(report)

    async def until_connected(self) -> None:
        await self._connected.wait()

    async def until_left(self) -> None:
        await self._left.wait()


async def _play_input(path: Path, session: Session, watch: _Watch) -> None:
    conversation = session.conversation
    blocks: AsyncIterator[tuple[Samples, float]] = play_in_real_time(path)
    await watch.until_connected()
    conversation.press()
    async for samples, captured_at_s in blocks:
        conversation.hear(samples, captured_at_s)
    conversation.release()
    loop = asyncio.get_running_loop()
    idle_since_s = loop.time()
    while loop.time() - idle_since_s < (PLAYED_S if watch.unplayed else SETTLE_S):
        await asyncio.sleep(SETTLE_S / 4)
        if not conversation.is_idle:
            idle_since_s = loop.time()
    await session.endpoint.close()


def _loudspeaker(options: SessionOptions, observe: Observer) -> Loudspeaker:
    if options.output:
        return FolderLoudspeaker(options.output, options.force)
    try:
        return DeviceLoudspeaker()
    except DeviceError as error:
        return TextOnly(str(error))
    except LiveError as error:
        if options.input is None:
            raise
        observe(Notice(str(error)))
        return TextOnly(str(error))


async def _first_of(jobs: list[Coroutine[Any, Any, None]], side_jobs: list[Coroutine[Any, Any, None]]) -> None:
    """Run all until one of `jobs` ends or anything fails; cancel the rest and wait for it."""
    tasks: list[asyncio.Task[None]] = [asyncio.ensure_future(job) for job in jobs]
    side_tasks: list[asyncio.Task[None]] = [asyncio.ensure_future(job) for job in side_jobs]
    try:
        waiting = {*tasks, *side_tasks}
        while True:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            if any(task in tasks for task in done):
                return
    finally:
        for task in (*tasks, *side_tasks):
            task.cancel()
        await asyncio.gather(*tasks, *side_tasks, return_exceptions=True)


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def _until_stopped() -> None:
    """Wait for Ctrl-C or a request to end, so that the peer is told goodbye."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    try:
        for number in numbers:
            loop.add_signal_handler(number, stopped.set)
    except (ValueError, RuntimeError):  # not the main thread: somebody else sees to signals
        await asyncio.Event().wait()
    try:
        await stopped.wait()
    finally:
        for number in numbers:
            with contextlib.suppress(ValueError, RuntimeError):
                loop.remove_signal_handler(number)


def _software() -> str:
    return f"speechzip {version('speechzip')}"
