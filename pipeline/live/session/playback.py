"""The hearing half of a conversation: a peer's payloads are decoded, wait their turn and are spoken.

    link --> one payload --> [reader thread] decode --> PlayQueue --> [synthesis thread] speak --> loudspeaker
     ^                                                      |
     `--- take_next: only while there is room --------------'

Everything here belongs to one peer. When another peer comes, waiting utterances are dropped and the playing one ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...console.display import printable
from ...decompression import with_voices
from ...errors import DeviceError, InputError
from ...synthesis.speaking import known_voice
from ...synthesis.work import SPARE_WORK_S, WORK_PER_BYTE_S, SpeechWork
from ...types import SOUND_SPACE, Payload, Samples, Utterance, Voice, VoiceReference
from ...unread.sounds import MAX_SOUND_S, sound_of
from ..devices.loudspeaker import Loudspeaker
from ..limits import LIMITS, Limits
from ..reports import Heard, Lost, Notice, Observer, Playing
from ..wire.events import PayloadReceived
from ..wire.messages import Status
from ..wire.transport import Endpoint
from ..workers import Worker
from .engines import LiveEngines, failure_reason
from .status import LocalStatus
from .synthesis import decode_utterances, estimate_duration_s, speak

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A decoded payload of the peer that waits to be played."""

    received: PayloadReceived
    payload: Payload
    sound_s: float
    """Estimated duration of the speech."""


class PlayQueue:
    """Payloads that wait to be played, bounded by number and by seconds of speech."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._waiting: deque[Waiting] = deque()
        self._here = asyncio.Event()

    def __len__(self) -> int:
        """Return the number of waiting payloads."""
        return len(self._waiting)

    @property
    def sound_s(self) -> float:
        """Estimated duration of the speech of all waiting payloads."""
        return sum(waiting.sound_s for waiting in self._waiting)

    @property
    def has_room(self) -> bool:
        """Whether there is room for one more."""
        return len(self._waiting) < self._limits.waiting and self.sound_s < self._limits.waiting_s

    def push(self, received: PayloadReceived, payload: Payload) -> None:
        """Add a payload. Voices that equal those of the last one are stored once."""
        if self._waiting and self._waiting[-1].payload.speakers == payload.speakers:
            payload = replace(payload, speakers=self._waiting[-1].payload.speakers)
        sound_s = sum(_estimate_s(payload, utterance) for utterance in payload.utterances)
        self._waiting.append(Waiting(received, payload, min(sound_s, self._limits.utterance_s)))
        self._here.set()

    async def pop(self) -> Waiting:
        """Wait for a payload, and return the first one."""
        while not self._waiting:
            self._here.clear()
            await self._here.wait()
        return self._waiting.popleft()

    def clear(self) -> int:
        """Drop all payloads; return their number."""
        count = len(self._waiting)
        self._waiting.clear()
        return count


def _estimate_s(payload: Payload, utterance: Utterance) -> float:
    """Return an estimate of the duration of what is played, rather too long than too short."""
    is_sound = utterance.unread and sound_of(payload.speakers[utterance.speaker].voice) is not None
    return MAX_SOUND_S if is_sound else estimate_duration_s(utterance.text)


class Playback:
    """The hearing half of a conversation."""

    def __init__(
        self,
        engines: LiveEngines,
        endpoint: Endpoint,
        loudspeaker: Loudspeaker,
        status: LocalStatus,
        observe: Observer,
        *,
        limits: Limits = LIMITS,
    ) -> None:
        """Prepare to play.

        Args:
            engines: loaded ones.
            endpoint: where the peer's payloads come from.
            loudspeaker: takes the sound.
            status: tells the peer that the loudspeaker is missing, or that something cannot be spoken.
            observe: is told what happens, in the event loop's thread.
            limits: see there.
        """
        self._engines = engines
        self._endpoint = endpoint
        self._loudspeaker = loudspeaker
        self._status = status
        self._observe = observe
        self._limits = limits
        self._queue = PlayQueue(limits)
        self._arrived: asyncio.Queue[PayloadReceived] = asyncio.Queue()
        self._decoding = False
        self._playing: asyncio.Task[None] | None = None
        self._stream = b""  # of the peer that is heard
        self._waits = False  # whether the user knows that the peer has to wait
        self._work = SpeechWork(SPARE_WORK_S, "the peer")  # of that peer
        self._neutral: set[int] = set()  # ids of the peer's voices that the user knows a neutral one replaces
        self._heard_count = 0
        self.heard_s = 0.0
        """Speech received so far."""

    @property
    def is_playing(self) -> bool:
        """Whether an utterance of the peer is playing."""
        return self._playing is not None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to play."""
        return not (self._decoding or len(self._queue) or self._playing)

    def begin(self, stream: bytes) -> None:
        """Begin with a peer. If it is another one, drop the utterances of the last one."""
        if stream == self._stream:
            return
        dropped = self._queue.clear() + self._decoding + self.is_playing
        if self._playing:
            self._playing.cancel()
        if dropped:
            self._observe(Lost("heard", f"{dropped} utterances of the peer before were dropped: another one is there"))
        self._stream, self._waits = stream, False
        self._work = SpeechWork(SPARE_WORK_S, "the peer")
        self._neutral.clear()
        self._status.set(Status.UNSPOKEN, False)

    def take(self, received: PayloadReceived) -> None:
        """Take a payload. The next one comes after `Endpoint.take_next`."""
        self._decoding = True
        self._arrived.put_nowait(received)

    async def run(self) -> None:
        """Decode and play until canceled."""
        with Worker("speechzip-reader") as reader, Worker("speechzip-synthesis") as synthesis:
            parts = [self._read(reader), self._play(synthesis)]
            tasks = [asyncio.ensure_future(part) for part in parts]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, reader: Worker) -> None:
        while True:
            received = await self._arrived.get()
            try:
                payload = await reader.run(self._understand, received.payload)
            except Exception as error:  # hostile bytes, voices that cannot be read, or whatever an engine raises
                self._lose("read", error)
                await asyncio.sleep(self._limits.soundless_s)
            else:
                if received.stream == self._stream:  # otherwise it was counted as dropped
                    self._queue.push(received, payload)
            self._decoding = False
            self._ask_for_more()

    def _understand(self, code: bytes) -> Payload:
        """Return a decoded payload, with the referenced voices that the store has (in the reader's thread)."""
        decoded = decode_utterances(code, self._engines.text_coders)
        return with_voices(decoded.payload, self._engines.synthesizer, self._engines.voice_book)

    def _ask_for_more(self) -> None:
        if self._decoding:
            return
        if self._queue.has_room:
            self._endpoint.take_next()
        elif not self._waits:
            self._waits = True
            waiting = f"{len(self._queue)} utterances, some {self._queue.sound_s:.0f} s"
            self._observe(Notice(f"the peer has to wait: {waiting}, are to be played first"))

    async def _play(self, synthesis: Worker) -> None:
        while True:
            waiting = await self._queue.pop()
            self._playing = asyncio.ensure_future(self._play_one(waiting, synthesis))
            self._ask_for_more()
            try:
                await asyncio.wait({self._playing})
                if self._playing.cancelled():  # by `begin`
                    await self._loudspeaker.stop()
                else:
                    self._playing.result()
            finally:
                self._playing.cancel()
                await asyncio.gather(self._playing, return_exceptions=True)
                self._playing = None

    async def _play_one(self, waiting: Waiting, synthesis: Worker) -> None:
        left_s = self._limits.utterance_s
        self._work.most_s += WORK_PER_BYTE_S * len(waiting.received.payload)
        for utterance in waiting.payload.utterances:
            try:
                self._work.spend(min(_estimate_s(waiting.payload, utterance), max(left_s, 0.0)))
            except InputError as error:
                self._lose("spoken", error)
                break
            voice = waiting.payload.speakers[utterance.speaker].voice
            left_s -= await self._play_utterance(waiting.received, utterance, voice, left_s, synthesis)
        if left_s <= 0:
            self._observe(Lost("heard", f"what the peer said was cut off after {self._limits.utterance_s:.0f} s"))
        if left_s == self._limits.utterance_s:
            await asyncio.sleep(self._limits.soundless_s)

    async def _play_utterance(
        self,
        received: PayloadReceived,
        utterance: Utterance,
        voice: Voice | VoiceReference,
        left_s: float,
        synthesis: Worker,
    ) -> float:
        """Play one utterance, at most `left_s` of it; return the duration of its sound, in seconds."""
        self._heard_count += 1
        self.heard_s += utterance.duration_s
        text = printable(utterance.shown_text)
        heard = Heard(self._heard_count, text, len(received.payload), voice.id, utterance.duration_s, utterance.unread)
        self._observe(heard)
        played_s = 0.0
        synthesizer = self._engines.synthesizer
        rate = synthesizer.sample_rate
        sound = speak(utterance, self._known(voice, utterance), synthesizer, left_s, self._limits.pieces)
        try:
            while (samples := await self._next_piece(sound, synthesis)) is not None:
                if not played_s:
                    self._observe(Playing(heard.number))
                    if received.stream == self._stream:
                        self._endpoint.played(received.sequence)
                await self._loudspeaker.play(heard, samples, rate)
                played_s += len(samples) / rate
            await self._loudspeaker.finish(heard)
            self._status.set_missing(Status.NO_LOUDSPEAKER, False)
        except DeviceError as error:
            self._status.set_missing(Status.NO_LOUDSPEAKER, True, str(error))
            return 0.0
        return played_s

    def _known(self, voice: Voice | VoiceReference, utterance: Utterance) -> Voice | None:
        """Return the voice to speak in; if it is the neutral one, tell the user why, once for each voice."""
        if utterance.unread and isinstance(voice, Voice) and voice.space == SOUND_SPACE:
            return voice  # the sound to play
        known, why_neutral = known_voice(voice, self._engines.synthesizer)
        if why_neutral and voice.id not in self._neutral:
            self._neutral.add(voice.id)
            self._observe(Notice(f"the peer's voice: {why_neutral}"))
        return known

    async def _next_piece(self, sound: Iterator[Samples], synthesis: Worker) -> Samples | None:
        """Return the next piece of an utterance with sound in it; None at the end, or if the engine fails."""
        try:
            samples = await synthesis.run(next, (piece for piece in sound if len(piece)), None)
        except Exception as error:  # whatever an engine raises: the utterance is lost, the conversation goes on
            self._lose("spoken", error)
            return None
        if samples is None:
            self._status.set(Status.UNSPOKEN, False)
        return samples

    def _lose(self, what: str, error: Exception) -> None:
        """Tell both ends that something cannot be read or spoken."""
        logger.debug("an utterance of the peer cannot be %s:", what, exc_info=error)
        self._observe(Lost("heard", f"something that the peer said cannot be {what}: {failure_reason(error)}"))
        self._status.set(Status.UNSPOKEN, True)
