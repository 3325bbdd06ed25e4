"""One end of a live conversation, from its first sound to its goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import DeviceError, LinkError, LiveError
from ...types import Samples
from ...unread.marks import MARKS, UnreadSettings
from ..devices.files import FolderLoudspeaker, play_in_real_time
from ..devices.loudspeaker import Loudspeaker
from ..devices.sound import DeviceLoudspeaker
from ..limits import LIMITS, Limits
from ..reports import Delivered, Heard, Notice, Observer, Played, Report, Said
from ..wire.messages import Status
from ..wire.state import LinkState
from .connecting import Connect
from .conversation import Conversation
from .engines import LiveEngines
from .merging import Merging

SETTLE_S = 0.3
"""Idle time after which an end that plays a recording leaves."""
PLAYED_S = 30.0
"""Longest wait for the peer's loudspeaker at the end of a recording."""


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Options of an end."""

    input: Path | None = None
    """A recording in place of the microphone. The end leaves when the peer has heard all of it."""
    output: Path | None = None
    """A folder in place of the loudspeaker."""
    hands_free: bool = False
    """Whether to listen always, instead of from `press` to `release`."""
    force: bool = False
    """Whether an earlier conversation in `output` may be overwritten."""
    once: bool = False
    """Whether a listener leaves when its first peer does."""
    review_s: float = 0.0
    """How long each utterance is shown before it is sent."""
    unread: UnreadSettings = MARKS
    """What is sent for speech that could not be read."""


class Session:
    """One end: its conversation, the devices or files around it, and the reasons to leave."""

    def __init__(
        self,
        engines: LiveEngines,
        connect: Connect,
        options: SessionOptions,
        observe: Observer,
        loudspeaker: Loudspeaker | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        """Prepare an end, in a running event loop.

        Args:
            engines: loaded ones.
            connect: makes the end of the link: `dial` or `wait_for_calls`.
            options: sources and sinks of sound, and when to leave.
            observe: is told what happens.
            loudspeaker: plays the peer's speech, in place of a folder or the device.
            limits: see there.

        Raises:
            SpeechzipError: one of its kinds; the port, the folder or a device is not available.
        """
        self._options = options
        self._merging = Merging(observe, limits.status_every_s)
        self._limits = limits
        self._progress = _Progress(self._merging, limits)
        loudspeaker = loudspeaker or _loudspeaker(options, self._progress)
        self.conversation = Conversation(
            engines,
            connect,
            loudspeaker,
            self._progress,
            hands_free=options.hands_free,
            review_s=options.review_s,
            unread=options.unread,
            limits=limits,
        )
        """The conversation, for sources of sound and buttons."""
        self.done = asyncio.Event()
        """Set it to leave."""
        if isinstance(loudspeaker, TextOnly):
            self.conversation.set_missing(Status.NO_LOUDSPEAKER, missing=True, detail=loudspeaker.reason)

    async def run(self, front_end: FrontEnd | None = None) -> None:
        """Run to the end: a recording is over, `done` is set, or a signal asks to stop.

        Args:
            front_end: runs beside the conversation, and is canceled at its end. It brings sound, unless the options
                name a recording.

        Raises:
            SpeechzipError: one of its kinds; the peer has turned us away, or the front end has failed.
        """
        jobs: list[Coroutine[Any, Any, None]] = [self.conversation.run(), _until(self.done), _until_stopped()]
        side_jobs: list[Coroutine[Any, Any, None]] = []
        if self._options.input:
            jobs.append(self._say_recording(self._options.input))
        if self._options.once:
            jobs.append(_until(self._progress.peer_left))
        if front_end:
            side_jobs.append(front_end(self))
        try:
            await _first_of(jobs, side_jobs)
        finally:
            self._merging.flush()

    async def _say_recording(self, path: Path) -> None:
        """Say a recording once there is a peer, wait until the peer has heard it, and say goodbye.

        Raises:
            LinkError: the peer takes nothing more of it.
        """
        conversation, progress = self.conversation, self._progress
        blocks = play_in_real_time(path)
        await progress.connected.wait()
        conversation.press()
        async for samples, captured_at_s in blocks:
            conversation.hear(samples, captured_at_s)
        conversation.release()
        loop = asyncio.get_running_loop()
        idle_since_s = loop.time()
        while loop.time() - idle_since_s < (PLAYED_S if progress.unplayed else SETTLE_S):
            await asyncio.sleep(SETTLE_S / 4)
            if not conversation.is_idle:
                idle_since_s = loop.time()
            if progress.untaken and loop.time() - progress.taken_at_s > self._limits.untaken_s:
                raise LinkError(
                    f"the peer has taken nothing for {self._limits.untaken_s:g} s; {len(progress.untaken)} utterances "
                    f"have not reached it ({progress.link_state.phase}: {progress.link_state.detail})"
                )
        await conversation.close()


FrontEnd = Callable[[Session], Coroutine[Any, Any, None]]
"""Runs beside a conversation: a microphone, a button, a page."""


async def run_session(
    engines: LiveEngines,
    connect: Connect,
    options: SessionOptions,
    observe: Observer,
    front_end: FrontEnd | None = None,
    loudspeaker: Loudspeaker | None = None,
    limits: Limits = LIMITS,
) -> None:
    """Make a `Session` and run it to its end. The arguments are those of `Session` and of its `run`.

    Raises:
        SpeechzipError: one of its kinds; the end cannot begin, or the peer has turned us away.
    """
    await Session(engines, connect, options, observe, loudspeaker, limits).run(front_end)


class TextOnly:
    """Stands in for a loudspeaker that is missing: the peer's speech appears as text only."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    async def play(self, heard: Heard, samples: Samples, sample_rate: int) -> None:
        """Raise the reason of the missing sound; see `Loudspeaker.play`."""
        raise DeviceError(self.reason)

    async def finish(self, heard: Heard) -> None:
        """See `Loudspeaker.finish`."""

    async def stop(self) -> None:
        """See `Loudspeaker.stop`."""

    async def close(self) -> None:
        """See `Loudspeaker.close`."""


class _Progress:
    """An observer that passes all reports on, and keeps the state that decides when to leave."""

    def __init__(self, observe: Observer, limits: Limits) -> None:
        self._observe = observe
        self._limits = limits
        self._return: asyncio.TimerHandle | None = None
        self.link_state = LinkState("waiting")
        self.connected = asyncio.Event()
        self.peer_left = asyncio.Event()
        """Set when the peer has said goodbye, or has not come back after its link was lost."""
        self.untaken: set[int] = set()
        """Numbers of our utterances that the peer has not received yet."""
        self.taken_at_s = 0.0
        """When the peer last took one, or all were taken, by the loop's clock."""
        self.unplayed: set[int] = set()
        """Numbers of our utterances that the peer has not played yet."""

    def __call__(self, report: Report) -> None:
        match report:
            case LinkState():
                self._take_state(report)
            case Said(number):
                if not self.untaken:
                    self.taken_at_s = asyncio.get_running_loop().time()
                self.untaken.add(number)
                self.unplayed.add(number)
            case Delivered(number):
                self.taken_at_s = asyncio.get_running_loop().time()
                self.untaken.discard(number)
            case Played(number):
                self.unplayed.discard(number)
            case _:
                pass
        self._observe(report)

    def _take_state(self, state: LinkState) -> None:
        self.link_state = state
        if self._return is not None:
            self._return.cancel()
        if state.phase == "connected":
            self.connected.set()
        elif self.connected.is_set() and state.has_left:
            self.peer_left.set()
        elif self.connected.is_set():
            self._return = asyncio.get_running_loop().call_later(self._limits.return_s, self.peer_left.set)


def _loudspeaker(options: SessionOptions, observe: Observer) -> Loudspeaker:
    if options.output:
        inputs = (options.input,) if options.input else ()
        return FolderLoudspeaker(options.output, options.force, inputs)
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
    """Run everything until one of `jobs` ends or anything fails; cancel the rest and wait for it."""
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
    """Wait for Ctrl-C or a request to end, so that the peer gets a goodbye."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    numbers = [
        number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN  # as nohup leaves SIGHUP
    ]
    try:
        for number in numbers:
            loop.add_signal_handler(number, stopped.set)
    except (ValueError, RuntimeError):  # not in the main thread, where signals arrive
        await asyncio.Event().wait()
    try:
        await stopped.wait()
    finally:
        for number in numbers:
            with contextlib.suppress(ValueError, RuntimeError):
                loop.remove_signal_handler(number)
