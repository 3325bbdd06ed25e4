"""The talking half of a conversation: the sound of a source becomes utterances on the link.

source --> sound queue --> [recognition thread] StreamingTranscriber --> payload --> Outbox --> link
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterator
from functools import partial

import numpy as np

from ...errors import QueueFullError
from ...payload.format import encode_payload
from ...protocols import ENGINE_SAMPLE_RATE
from ...textcoder.registry import COMMON_ID, TEXT_CODERS
from ...types import Samples
from ...unread.marks import MARKS, UnreadSettings
from ...unread.sounds import SoundBudget
from ..limits import LIMITS, Limits
from ..reports import Level, Lost, Notice, Observer, PartialTranscript, Played, Said
from ..wire.delivery import SplitPayload
from ..wire.messages import PAYLOAD_VERSION, Status
from ..wire.transport import Endpoint
from ..workers import Worker
from .engines import LiveEngines, failure_reason
from .review import Reviewing
from .status import LocalStatus
from .transcriber import (
    HANDS_FREE,
    PUSH_TO_TALK,
    Doubtful,
    OutgoingUtterance,
    StreamingTranscriber,
    Transcribed,
    Unheard,
)

logger = logging.getLogger(__name__)

LEVEL_EVERY_S = 0.1
SILENCE_DB = -96.0


class Capture:
    """Takes sound while the button is down, or always if hands-free."""

    def __init__(
        self,
        engines: LiveEngines,
        endpoint: Endpoint,
        status: LocalStatus,
        observe: Observer,
        *,
        hands_free: bool = False,
        unread: UnreadSettings = MARKS,
        limits: Limits = LIMITS,
    ) -> None:
        """Prepare to listen.

        Args:
            engines: loaded ones.
            endpoint: where utterances are sent.
            status: tells the peer whether somebody talks.
            observe: is told what happens, in the event loop's thread.
            hands_free: whether to listen always, instead of from `press` to `release`.
            unread: what is sent for speech that could not be read.
            limits: see there.

        Raises:
            EngineError: the codec for unread speech is not installed.
        """
        self._endpoint = endpoint
        self._status = status
        self._observe = observe
        self._limits = limits
        self.is_hands_free = hands_free
        """Whether it always listens."""
        self._drop_unread = unread.mode == "drop"
        self._transcriber = StreamingTranscriber(
            engines.recognizer,
            engines.voice_encoder,
            HANDS_FREE if hands_free else PUSH_TO_TALK,
            engines.new_detector,
            sounds=SoundBudget(unread.sound_bytes, unread.sound_codec) if unread.mode == "sound" else None,
        )
        self._sound: deque[tuple[Samples | None, float]] = deque()  # None: the button was released
        self._sound_s = 0.0
        self._sound_arrived = asyncio.Event()
        self._ended_at_s: dict[int, float] = {}  # our numbers -> when their speech ended
        self.review = Reviewing(observe)
        """Holds each utterance for a moment before it is sent."""
        self._level_at_s = 0.0
        self._is_recognizing = False
        self.is_pressed = hands_free
        """Whether it listens now."""
        self.spoken_s = 0.0
        """Speech sent so far."""

    @property
    def is_idle(self) -> bool:
        """Whether no sound waits and everything said has been delivered."""
        is_silent = not self._sound and not self._is_recognizing and not len(self.review)
        return is_silent and len(self._endpoint.outbox) == 0

    def press(self) -> None:
        """Begin to listen to the source."""
        if not self.is_pressed:
            self.is_pressed = True
            self._status.set(Status.TALKING, True)

    def release(self) -> None:
        """Stop listening, and send the last utterance."""
        if self.is_pressed:
            self.is_pressed = self.is_hands_free
            self._status.set(Status.TALKING, False)
            self._sound.append((None, time.monotonic()))
            self._sound_arrived.set()

    def hear(self, samples: Samples, captured_at_s: float | None = None) -> None:
        """Take sound from the source; see `Controls.hear`."""
        now_s = time.monotonic()
        if now_s - self._level_at_s >= LEVEL_EVERY_S:
            self._level_at_s = now_s
            self._observe(Level(level_db(samples), self.is_pressed))
        if not self.is_pressed:
            return
        if self._sound_s > self._limits.microphone_s:
            self._observe(Notice(f"the recognizer is {self._sound_s:.0f} s behind; some speech was lost"))
            return
        self._sound.append((samples, captured_at_s or now_s))
        self._sound_s += len(samples) / ENGINE_SAMPLE_RATE
        self._sound_arrived.set()

    def played(self, number: int) -> None:
        """Note that the peer's loudspeaker has begun to play an utterance of this end."""
        if (ended_at_s := self._ended_at_s.pop(number, None)) is not None:
            self._observe(Played(number, time.monotonic() - ended_at_s))

    async def run(self) -> None:
        """Recognize and send until canceled. Whatever an engine raises costs the utterance that it was about."""
        with Worker("speechzip-recognition") as recognition:
            while True:
                await self._sound_arrived.wait()
                self._sound_arrived.clear()
                while self._sound:
                    self._is_recognizing = True
                    try:
                        await self._understand(recognition)
                    except Exception as error:  # the speech detector's: the sound that it holds is lost
                        self._lose(error)
                        self._transcriber.restart()
                self._is_recognizing = False

    async def _understand(self, recognition: Worker) -> None:
        """Take the waiting sound, up to a release, and send its utterances."""
        loop = asyncio.get_running_loop()
        samples, captured_at_s, released = self._gather()
        await recognition.run(self._send_all, self._transcriber.push(samples), captured_at_s, loop)
        if released:
            await recognition.run(self._send_all, self._transcriber.release(), captured_at_s, loop)
            self._observe(PartialTranscript(""))
        elif not self._sound:
            text = await recognition.run(self._transcriber.partial_transcript)
            if text is not None:
                self._observe(PartialTranscript(text))

    def _gather(self) -> tuple[Samples, float, bool]:
        """Return the waiting sound up to a release, the time of its last sample, and whether there was a release."""
        blocks: list[Samples] = [np.zeros(0, np.float32)]
        captured_at_s = time.monotonic()
        while self._sound:
            samples, captured_at_s = self._sound.popleft()
            if samples is None:
                return np.concatenate(blocks), captured_at_s, True
            blocks.append(samples)
            self._sound_s -= len(samples) / ENGINE_SAMPLE_RATE
        return np.concatenate(blocks), captured_at_s, False

    def _send_all(self, outgoing: Iterator[Transcribed], captured_at_s: float, loop: asyncio.AbstractEventLoop) -> None:
        """Encode each utterance as soon as it is known (in the recognition thread)."""
        for utterance in outgoing:
            if isinstance(utterance, Unheard):
                loop.call_soon_threadsafe(self._lose, utterance.error, utterance.duration_s)
                continue
            if isinstance(utterance, Doubtful):
                loop.call_soon_threadsafe(self._observe, Notice(utterance.text))
                continue
            if utterance.unread and self._drop_unread:
                said = f"{utterance.payload.duration_s:.1f} s of what you said could not be read"
                loop.call_soon_threadsafe(self._observe, Notice(f"{said} and is not sent: say it again"))
                continue
            try:
                data = encode_payload(utterance.payload, TEXT_CODERS[COMMON_ID], PAYLOAD_VERSION)
            except Exception as error:  # the text coder's
                loop.call_soon_threadsafe(self._lose, error)
                continue
            ended_at_s = captured_at_s - (self._transcriber.heard_s - utterance.end_s)
            split = SplitPayload.of(data)
            send = partial(self._send, utterance, split, len(data), ended_at_s)
            loop.call_soon_threadsafe(self.review.hold, utterance, send)

    def _lose(self, error: Exception, duration_s: float | None = None) -> None:
        """Tell the user that an engine has failed on their speech."""
        logger.debug("an engine failed on %s s of speech:", duration_s, exc_info=error)
        if duration_s == 0:
            self._observe(Notice(f"your voice cannot be measured again: {failure_reason(error)}"))
        else:
            length = f" ({duration_s:.1f} s)" if duration_s else ""
            self._observe(Lost("said", f"what you said{length} is lost, say it again: {failure_reason(error)}"))

    def _send(self, outgoing: OutgoingUtterance, split: SplitPayload, payload_bytes: int, ended_at_s: float) -> None:
        try:
            number = self._endpoint.outbox.enqueue(split)
        except QueueFullError as error:
            self._observe(Notice(f"not sent: {outgoing.text!r}: {error}"))
            return
        self._ended_at_s[number] = ended_at_s
        while len(self._ended_at_s) > self._limits.unplayed:
            del self._ended_at_s[next(iter(self._ended_at_s))]
        duration_s = outgoing.payload.duration_s
        took_s = time.monotonic() - ended_at_s
        logger.debug("utterance %d: %.1f s, %d bytes, %.2f s after it ended", number, duration_s, payload_bytes, took_s)
        self.spoken_s += duration_s
        queued = self._endpoint.peer is None
        self._endpoint.flush()
        self._observe(Said(number, outgoing.text, payload_bytes, duration_s, ended_at_s, queued, outgoing.unread))
        if outgoing.unread:
            heard = f"its sound ({outgoing.sound_bytes} bytes)" if outgoing.sound_bytes else "a tone"
            self._observe(Notice(f"{duration_s:.1f} s of what you said could not be read: the peer hears {heard}"))


def level_db(samples: Samples) -> float:
    """Return the RMS of `samples` relative to full scale, in dB; `SILENCE_DB` at least."""
    if not len(samples):
        return SILENCE_DB
    power = float(np.square(samples, dtype=np.float64).mean())
    return max(SILENCE_DB, 10 * float(np.log10(power + 1e-12)))
