"""A conversation at one end: sound in, utterances over the link, sound out.

    source --> Capture --> Endpoint <==> the peer
    loudspeaker <-- Playback <-- Endpoint

Engines run in threads of their own, so that the link never waits for them. Whatever an engine raises costs the
utterance that it was about, and both ends are told; the conversation goes on.
"""

from __future__ import annotations

import asyncio
import contextlib

from ...errors import DeviceError
from ...types import VOICE_SPACES, Samples
from ...unread.marks import MARKS, UnreadSettings
from ..devices.loudspeaker import Loudspeaker
from ..limits import LIMITS, Limits
from ..reports import Delivered, Heard, Notice, Observer, PeerStatus, Report, Said, Traffic
from ..wire.events import DeliveredTo, LinkEvent, Opened, PayloadReceived, PlayedBy, StatusOf
from ..wire.messages import Hello, Status
from .capture import Capture
from .connecting import Connect
from .engines import LiveEngines
from .playback import Playback
from .status import LocalStatus


class Conversation:
    """Both halves of a conversation. Sources call `press`, `hear` and `release`; `run` does the rest."""

    def __init__(
        self,
        engines: LiveEngines,
        connect: Connect,
        loudspeaker: Loudspeaker,
        observe: Observer,
        *,
        hands_free: bool = False,
        review_s: float = 0.0,
        unread: UnreadSettings = MARKS,
        limits: Limits = LIMITS,
    ) -> None:
        """Prepare a conversation.

        Args:
            engines: loaded ones.
            connect: makes our end of the link.
            loudspeaker: plays the peer's speech.
            observe: is told what happens, in the event loop's thread.
            hands_free: whether to listen always, instead of from `press` to `release`.
            review_s: how long each utterance of this end is shown before it is sent.
            unread: what is sent for speech that could not be read.
            limits: see there.

        Raises:
            LinkError: `connect` cannot take its port.
            EngineError: the codec for unread speech is not installed.
        """
        self._voice_space = engines.voice_encoder.space
        self._loudspeaker = loudspeaker
        self._observe = observe
        self._endpoint = connect(engines, self._take_event, observe)
        self._status = LocalStatus(self._endpoint, observe)
        self._capture = Capture(
            engines,
            self._endpoint,
            self._status,
            self._observe_half,
            hands_free=hands_free,
            unread=unread,
            limits=limits,
        )
        self._capture.review.set_seconds(review_s)
        self._playback = Playback(engines, self._endpoint, loudspeaker, self._status, self._observe_half, limits=limits)

    @property
    def is_idle(self) -> bool:
        """Whether all utterances of this end are delivered, and all of the peer's are played."""
        return self._capture.is_idle and self._playback.is_idle

    @property
    def is_pressed(self) -> bool:
        """Whether it listens now."""
        return self._capture.is_pressed

    @property
    def is_hands_free(self) -> bool:
        """Whether it always listens."""
        return self._capture.is_hands_free

    @property
    def is_playing(self) -> bool:
        """Whether an utterance of the peer is playing."""
        return self._playback.is_playing

    def press(self) -> None:
        """Begin to listen to the source."""
        self._capture.press()

    def release(self) -> None:
        """Stop listening, and send the last utterance."""
        self._capture.release()

    def hear(self, samples: Samples, captured_at_s: float | None = None) -> None:
        """Take sound from the source.

        Args:
            samples: float32 [t] at 16 kHz; they follow those of the last call.
            captured_at_s: monotonic time of the last sample; now if None.
        """
        self._capture.hear(samples, captured_at_s)

    def set_review(self, seconds: float) -> None:
        """Show each utterance for this long before it is sent; 0 sends at once."""
        self._capture.review.set_seconds(seconds)

    def drop_reviewed(self) -> None:
        """Drop the utterances that are shown and not sent yet."""
        self._capture.review.drop()

    def set_missing(self, status: Status, missing: bool, detail: str = "") -> None:
        """Tell both ends that a device of this end is missing, or is back."""
        self._status.set_missing(status, missing, detail)

    async def run(self) -> None:
        """Keep the conversation up until canceled, or until the link is of no use.

        Raises:
            LinkError: the peer has turned us away.
        """
        parts = [self._endpoint.run(), self._capture.run(), self._playback.run()]
        tasks = [asyncio.ensure_future(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(DeviceError):  # both ends were told when it went
                await self._loudspeaker.close()

    async def close(self) -> None:
        """Say goodbye to the peer, and wait until it is sent."""
        await self._endpoint.close()

    def _take_event(self, event: LinkEvent) -> None:
        match event:
            case PayloadReceived():
                self._playback.take(event)
            case DeliveredTo(numbers):
                for number in numbers:
                    self._observe(Delivered(number))
            case PlayedBy(number):
                self._capture.played(number)
            case StatusOf(status):
                self._observe(PeerStatus(status))
            case Opened(hello):
                self._playback.begin(hello.stream)
                if not _speaks(hello, self._voice_space):
                    self._observe(
                        Notice(f"the peer cannot speak in our voice ({self._voice_space}) and takes a neutral one")
                    )
            case _:
                pass

    def _observe_half(self, report: Report) -> None:
        """Pass on a report of a half, and after each utterance the traffic so far."""
        self._observe(report)
        if isinstance(report, Said | Heard):
            self._observe(Traffic(*self._endpoint.traffic, self._capture.spoken_s, self._playback.heard_s))


def _speaks(hello: Hello, space: str) -> bool:
    return any(VOICE_SPACES.get(number) == space for number in hello.voice_spaces)
