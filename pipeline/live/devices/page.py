"""The page as a view and as a loudspeaker, in the window that was opened last.

reports --> PageView --------.
                             +--> PageWindow --> Outgoing of the latest window --> `web.PageServer` --> browser
sound ----> PageLoudspeaker -'

JSON    a report
bytes   uint32 sample rate, little-endian, and PCM of what is heard: int16, little-endian, mono
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass

import numpy as np

from ...errors import DeviceError
from ...types import Samples
from ..limits import LIMITS, Limits
from ..reports import Heard, Notice, Pairing, Report, to_json
from ..wire.state import LinkState

NO_PAGE = "no page is open: what is heard appears as text only"


class Outgoing:
    """Messages for one window, bounded until it reads them: the oldest reports are left out, and sound has to wait."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._waiting: deque[str | bytes] = deque()
        self._reports = self._left_out = 0
        self._changed = asyncio.Event()
        self.sound_bytes = 0
        """Bytes of the waiting sound."""
        self.is_closed = False
        """Whether the window has gone."""

    def put_report(self, report: str) -> None:
        """Queue a report. If too many wait, leave out the oldest one."""
        if self._reports == self._limits.page_reports:
            del self._waiting[next(index for index, each in enumerate(self._waiting) if isinstance(each, str))]
            self._reports -= 1
            self._left_out += 1
        self._waiting.append(report)
        self._reports += 1
        self._changed.set()

    async def put_sound(self, sound: bytes) -> None:
        """Queue a piece of sound once there is room for it.

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
        """Return the next message, as soon as there is one."""
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
        """Discard the waiting sound."""
        self._waiting = deque(each for each in self._waiting if isinstance(each, str))
        self.sound_bytes = 0
        self._changed.set()

    def close(self) -> None:
        """Note that the window is closed."""
        self.is_closed = True
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


@dataclass(slots=True)
class PageWindow:
    """Passes messages to the latest window of the page, if one is open."""

    outgoing: Outgoing | None = None

    def open(self, outgoing: Outgoing) -> None:
        """Replace the earlier window by a new one."""
        if self.outgoing is not None:
            self.outgoing.close()
        self.outgoing = outgoing

    def put_report(self, report: str) -> None:
        """Pass on a report, if a window is open."""
        if self.outgoing is not None:
            self.outgoing.put_report(report)


class PageView:
    """Shows reports on the page."""

    def __init__(self, window: PageWindow) -> None:
        self._window = window
        self._remembered: dict[type[Report], Report] = {}

    def observe(self, report: Report) -> None:
        """Show a report. A window that opens later is shown the latest link state and pairing line, too."""
        if isinstance(report, LinkState | Pairing):
            self._remembered[type(report)] = report
        self._window.put_report(json.dumps(to_json(report)))

    def greet(self, hands_free: bool) -> None:
        """Show the present state in a new window."""
        self._window.put_report(json.dumps({"report": "Welcome", "hands_free": hands_free}))
        for report in self._remembered.values():
            self._window.put_report(json.dumps(to_json(report)))


class PageLoudspeaker:
    """Plays sound on the page, at most a little ahead of time."""

    def __init__(self, window: PageWindow, limits: Limits = LIMITS) -> None:
        self._window = window
        self._limits = limits
        self._played_at_s = 0.0  # when the sound that was sent will have been played, by the loop's clock

    async def play(self, heard: Heard, samples: Samples, sample_rate: int) -> None:
        """Play a piece; see `Loudspeaker.play`."""
        loop = asyncio.get_running_loop()
        length = int(self._limits.page_piece_s * sample_rate)
        for start in range(0, len(samples), length):
            if self._window.outgoing is None:
                raise DeviceError(NO_PAGE)
            piece = samples[start : start + length]
            pcm = np.clip(piece * 32767, -32768, 32767).astype("<i2")
            await self._window.outgoing.put_sound(sample_rate.to_bytes(4, "little") + pcm.tobytes())
            self._played_at_s = max(self._played_at_s, loop.time()) + len(piece) / sample_rate
            await asyncio.sleep(max(0.0, self._played_at_s - loop.time() - self._limits.page_ahead_s))

    async def finish(self, heard: Heard) -> None:
        """Let the next utterance follow; see `Loudspeaker.finish`."""

    async def stop(self) -> None:
        """Silence the page; see `Loudspeaker.stop`."""
        self.restart()
        if self._window.outgoing is not None:
            self._window.outgoing.drop_sound()
            self._window.put_report(json.dumps({"report": "Stop"}))

    def restart(self) -> None:
        """Note that no window holds sound any more."""
        self._played_at_s = 0.0

    async def close(self) -> None:
        """Nothing to do, since the server closes the window; see `Loudspeaker.close`."""


class Page:
    """One conversation's page: `view` takes reports, `loudspeaker` takes sound, `web.PageServer` carries both."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self.window = PageWindow()
        self.view = PageView(self.window)
        self.loudspeaker = PageLoudspeaker(self.window, limits)
