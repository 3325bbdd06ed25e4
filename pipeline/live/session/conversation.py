"""One party of a conversation: sound in, utterances over the link, sound out.

    source --> sound queue --> [ear thread] Talker --> payload --> Outbox --> link
    link --> Playback --> loudspeaker

Engines run in threads of their own, so that the link never waits for them. Whatever an engine raises costs the
utterance that it was about, and both ends are told; the conversation goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ...audio.reading import resample
from ...engines import load_engine
from ...errors import DeviceError, QueueFullError
from ...payload.format import VERSION, encode_payload
from ...protocols import ENGINE_SAMPLE_RATE, Recognizer, Synthesizer, VoiceEncoder
from ...textcoder.registry import DEFAULT_ID, TEXT_CODERS
from ...types import VOICE_SPACES, Payload, Samples, Speaker, Utterance
from ..devices.loudspeaker import Loudspeaker
from ..limits import LIMITS, Limits
from ..reports import (
    Delivered,
    Heard,
    Level,
    Lost,
    Notice,
    Observer,
    PartialTranscript,
    PeerStatus,
    Played,
    Report,
    Said,
    Traffic,
)
from ..wire.delivery import SplitPayload
from ..wire.events import DeliveredTo, LinkEvent, Opened, PayloadReceived, PlayedBy, StatusOf
from ..wire.messages import Hello, Status
from ..wire.state import LinkState
from ..wire.transport import Endpoint
from ..workers import Worker
from .playback import Playback, reason
from .synthesis import decode_utterances, speak
from .transcriber import HANDS_FREE, PUSH_TO_TALK, OutgoingUtterance, StreamingTranscriber, Unheard

LEVEL_EVERY_S = 0.1
SILENCE_DB = -96.0


@dataclass(frozen=True, slots=True)
class LiveEngines:
    """What turns sound to payloads and back."""

    recognizer: Recognizer
    voice_encoder: VoiceEncoder
    synthesizer: Synthesizer

    @classmethod
    def load(
        cls, recognizer: str | None = None, voice_encoder: str | None = None, synthesizer: str | None = None
    ) -> LiveEngines:
        """Return the engines of these names, loaded and used once: the first words wait for nothing.

        Raises:
            EngineError: one is missing or fails.
        """
        engines = cls(
            load_engine("recognizer", recognizer),
            load_engine("voice_encoder", voice_encoder),
            load_engine("synthesizer", synthesizer),
        )
        engines.warm_up()
        return engines

    def warm_up(self) -> None:
        """Send a sentence through everything, in a high and a low voice: models load and caches fill."""
        hello = Utterance(0.0, 1.0, 0, "Hello, is anybody there?")
        outgoing = self.synthesizer.synthesize(hello.text, None, None, hello.language)
        speech = np.pad(resample(outgoing, self.synthesizer.sample_rate, ENGINE_SAMPLE_RATE), (0, ENGINE_SAMPLE_RATE))
        self.recognizer.transcribe(speech)
        for octave in (speech[::2], np.repeat(speech, 2)):
            somebody = Speaker(self.voice_encoder.encode(octave, hello.text))
            data = encode_payload(Payload((somebody,), (hello,), 1.0), TEXT_CODERS[DEFAULT_ID])
            (heard,) = decode_utterances(data).payload.utterances
            for _ in speak(heard, somebody.voice, self.synthesizer):
                pass

    def hello(self, secret: bytes, software: str) -> Hello:
        """Return what an end with these engines says about itself."""
        numbers = [number for number, name in VOICE_SPACES.items() if name in self.synthesizer.spaces]
        coders = [DEFAULT_ID, *(coder for coder in TEXT_CODERS if coder != DEFAULT_ID)]
        return Hello(
            stream=b"",
            payload_version=VERSION,
            text_coders=bytes(coders),
            voice_spaces=bytes(numbers),
            secret=secret,
            software=software,
        )


class Conversation:
    """One party. Sources call `press`, `hear` and `release`; `run` does the rest."""

    def __init__(
        self,
        engines: LiveEngines,
        loudspeaker: Loudspeaker,
        observe: Observer,
        *,
        hands_free: bool = False,
        transcriber: Callable[[], StreamingTranscriber] | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        """Prepare a party.

        Args:
            engines: loaded ones.
            loudspeaker: takes what is heard.
            observe: is told what happens, in the event loop's thread.
            hands_free: listen always, instead of from `press` to `release`.
            talker: makes what turns sound to utterances; for tests.
            limits: see there.
        """
        self._engines = engines
        self._limits = limits
        self._loudspeaker = loudspeaker
        self._observe = observe
        self._hands_free = hands_free
        self._transcriber = (
            transcriber()
            if transcriber
            else StreamingTranscriber(
                engines.recognizer, engines.voice_encoder, HANDS_FREE if hands_free else PUSH_TO_TALK
            )
        )
        self._endpoint: Endpoint | None = None
        self._sound: deque[tuple[Samples | None, float]] = deque()  # None: the button was let go
        self._sound_s = 0.0
        self._sound_here = asyncio.Event()
        self._playback = Playback(
            engines.synthesizer, loudspeaker, self._take_report, self.device, self._set_status, limits
        )
        self._ended_at_s: dict[int, float] = {}  # our numbers -> when their speech ended
        self._pressed = hands_free
        self._level_at_s = 0.0
        self._spoken_s = 0.0
        self._status = Status.NOTHING
        self._is_recognizing = False

    @property
    def is_idle(self) -> bool:
        """Whether everything said has been delivered, and everything heard has been played."""
        return (
            not self._sound
            and not self._is_recognizing
            and self._playback.is_idle
            and (self._endpoint is None or len(self._endpoint.outbox) == 0)
        )

    @property
    def is_pressed(self) -> bool:
        """Whether we are listened to."""
        return self._pressed

    @property
    def is_hands_free(self) -> bool:
        """Whether we are listened to always."""
        return self._hands_free

    @property
    def is_playing(self) -> bool:
        """Whether the peer is being heard just now."""
        return self._playback.is_playing

    def attach(self, endpoint: Endpoint) -> None:
        """Speak through this endpoint, whose events come to `take_event`."""
        self._endpoint = endpoint

    def press(self) -> None:
        """Begin to listen to the source."""
        if not self._pressed:
            self._pressed = True
            self._set_status(Status.TALKING, True)

    def release(self) -> None:
        """Stop listening: what was said goes out."""
        if self._pressed:
            self._pressed = self._hands_free
            self._set_status(Status.TALKING, False)
            self._sound.append((None, time.monotonic()))
            self._sound_here.set()

    def hear(self, samples: Samples, captured_at_s: float | None = None) -> None:
        """Take in sound from the source, float32 [t] at 16 kHz; its last sample is `captured_at_s` old or new."""
        now_s = time.monotonic()
        if now_s - self._level_at_s >= LEVEL_EVERY_S:
            self._level_at_s = now_s
            self._observe(Level(level_db(samples), self._pressed))
        if not self._pressed:
            return
        if self._sound_s > self._limits.microphone_s:
            self._observe(Notice(f"the recognizer is {self._sound_s:.0f} s behind; some speech was lost"))
            return
        self._sound.append((samples, captured_at_s or now_s))
        self._sound_s += len(samples) / ENGINE_SAMPLE_RATE
        self._sound_here.set()

    def device(self, status: Status, missing: bool, detail: str = "") -> None:
        """Tell both ends that a device of ours is missing, or is back."""
        if missing != bool(self._status & status):
            self._set_status(status, missing)
            self._observe(Notice(detail or ("a device is missing" if missing else "the sound device is back")))

    def take_event(self, event: LinkEvent) -> None:
        """Take in what happened on the link."""
        match event:
            case PayloadReceived():
                self._playback.take(event)
            case DeliveredTo(numbers):
                for number in numbers:
                    self._observe(Delivered(number))
            case PlayedBy(number):
                if (ended_at_s := self._ended_at_s.pop(number, None)) is not None:
                    self._observe(Played(number, time.monotonic() - ended_at_s))
            case StatusOf(status):
                self._observe(PeerStatus(status))
            case Opened(hello):
                self._playback.begin(hello.stream)
                missing = [space for space in (self._engines.voice_encoder.space,) if not _speaks(hello, space)]
                if missing:
                    self._observe(Notice(f"the peer cannot speak in our voice ({missing[0]}) and takes a neutral one"))
            case _:
                pass

    def take_state(self, state: LinkState) -> None:
        """Take in that the link has changed."""
        self._observe(state)

    async def run(self) -> None:
        """Keep talking until cancelled, or until the link is of no use.

        Raises:
            LinkError: the peer has turned us away.
        """
        assert self._endpoint is not None
        with Worker("speechzip-recognition") as recognition:
            parts = [self._endpoint.run(), self._listen(recognition), self._playback.run(self._endpoint)]
            tasks = [asyncio.ensure_future(part) for part in parts]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                with contextlib.suppress(DeviceError):  # it was told of when it went
                    await self._loudspeaker.close()

    async def _listen(self, recognition: Worker) -> None:
        while True:
            await self._sound_here.wait()
            self._sound_here.clear()
            while self._sound:
                self._is_recognizing = True
                try:
                    await self._understand(recognition)
                except Exception as error:  # of the detector of speech: what it has not passed on is lost
                    self._lose(error)
                    self._transcriber.restart()
            self._is_recognizing = False

    async def _understand(self, recognition: Worker) -> None:
        """Take in the sound that waits, up to a release, and say what is said in it."""
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
        """Return the sound that waits, up to a release, when its end was captured, and whether there was one."""
        blocks: list[Samples] = [np.zeros(0, np.float32)]
        captured_at_s = time.monotonic()
        while self._sound:
            samples, captured_at_s = self._sound.popleft()
            if samples is None:
                return np.concatenate(blocks), captured_at_s, True
            blocks.append(samples)
            self._sound_s -= len(samples) / ENGINE_SAMPLE_RATE
        return np.concatenate(blocks), captured_at_s, False

    def _send_all(
        self, outgoing: Iterator[OutgoingUtterance | Unheard], captured_at_s: float, loop: asyncio.AbstractEventLoop
    ) -> None:
        """Encode what is spoken, each as soon as it is known (in the recognition thread)."""
        for utterance in outgoing:
            if isinstance(utterance, Unheard):
                loop.call_soon_threadsafe(self._lose, utterance.error, utterance.duration_s)
                continue
            try:
                data = encode_payload(utterance.payload, TEXT_CODERS[DEFAULT_ID])
            except Exception as error:  # of the text coder
                loop.call_soon_threadsafe(self._lose, error)
                continue
            ended_at_s = captured_at_s - (self._transcriber.heard_s - utterance.end_s)
            split = SplitPayload.of(data)
            loop.call_soon_threadsafe(self._send, utterance, split, len(data), ended_at_s)

    def _lose(self, error: Exception, duration_s: float | None = None) -> None:
        """Tell our user that an engine has failed on what was said."""
        if duration_s == 0:
            self._observe(Notice(f"your voice cannot be measured again: {reason(error)}"))
        else:
            length = f" ({duration_s:.1f} s)" if duration_s else ""
            self._observe(Lost("said", f"what you said{length} is lost, say it again: {reason(error)}"))

    def _send(self, outgoing: OutgoingUtterance, split: SplitPayload, payload_bytes: int, ended_at_s: float) -> None:
        assert self._endpoint is not None
        try:
            number = self._endpoint.outbox.enqueue(split)
        except QueueFullError as error:
            self._observe(Notice(f"not sent: {outgoing.text!r}: {error}"))
            return
        self._ended_at_s[number] = ended_at_s
        while len(self._ended_at_s) > self._limits.unplayed:
            del self._ended_at_s[next(iter(self._ended_at_s))]
        duration_s = outgoing.payload.duration_s
        self._spoken_s += duration_s
        queued = self._endpoint.peer is None
        self._endpoint.flush()
        self._observe(Said(number, outgoing.text, payload_bytes, duration_s, ended_at_s, queued))
        self._report_traffic()

    def _take_report(self, report: Report) -> None:
        self._observe(report)
        if isinstance(report, Heard):
            self._report_traffic()

    def _set_status(self, status: Status, on: bool) -> None:
        before = self._status
        self._status = self._status | status if on else self._status & ~status
        if self._endpoint and self._status != before:
            self._endpoint.set_status(self._status)

    def _report_traffic(self) -> None:
        assert self._endpoint is not None
        self._observe(Traffic(*self._endpoint.traffic, self._spoken_s, self._playback.heard_s))


def level_db(samples: Samples) -> float:
    """Return the RMS of `samples` relative to full scale, in dB; `SILENCE_DB` at least."""
    if not len(samples):
        return SILENCE_DB
    power = float(np.square(samples, dtype=np.float64).mean())
    return max(SILENCE_DB, 10 * float(np.log10(power + 1e-12)))


def _speaks(hello: Hello, space: str) -> bool:
    return any(VOICE_SPACES.get(number) == space for number in hello.voice_spaces)
