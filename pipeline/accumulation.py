"""The speakers of a recording while it is read: their segments become utterances, and those a payload."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from .protocols import MelodyEncoder, OneLanguageRecognizer, Recognizer, VoiceEncoder
from .segments.melody import with_melodies
from .segments.segmentation import SpeechSegment
from .segments.utterances import ReadSpeech, SpeakerSpeech
from .segments.voice_bytes import voice_size
from .speakers import is_somebody, name_of_each
from .system.pools import pool
from .types import UNREAD_CONFIDENCE, Contour, Payload, Samples, Speaker, Transcript, Utterance, VoiceBytes
from .unread.marks import Unread

logger = logging.getLogger(__name__)

MAX_WAITING = 2
"""How many segments of a speaker may wait for the recognizer, so that memory stays flat in a long recording."""

MEASURED_AT_ONCE = 2
"""How many voices are measured side by side, each in a thread of its own: a call has two."""


class SegmentReader:
    """Recognizes segments in threads of its own."""

    def __init__(self, recognizer: Recognizer, threads: ThreadPoolExecutor, singer: MelodyEncoder | None) -> None:
        self.singer = singer
        """Measures melodies, if they are wanted."""
        self._transcribe = recognizer.transcribe
        self._threads = threads
        self.one_language = isinstance(recognizer, OneLanguageRecognizer)
        """Whether it reads one language only."""
        self.conversation = ReadSpeech()
        """How much could be read so far."""

    def read(self, samples: Samples) -> Future[Transcript]:
        """Start to recognize a segment."""
        return self._threads.submit(self._transcribe, samples)


class SpeakerAccumulator:
    """One speaker: the utterances, and enough speech to measure the voice."""

    def __init__(self, reader: SegmentReader, channel: int) -> None:
        self.channel = channel
        self.utterances: list[Utterance] = []
        self.perhaps_speech: list[Unread] = []
        """Segments without an utterance; their speaker is numbered once all speakers are known, too."""
        self._contours: list[Contour] = []
        self._singer = reader.singer
        self._read = reader.read
        self._unread: deque[tuple[SpeechSegment, Future[Transcript]]] = deque()
        self._speech = SpeakerSpeech(one_language=reader.one_language, conversation=reader.conversation)

    def measure(self, voice_encoder: VoiceEncoder, size: int, fits: bool) -> Speaker:
        """Return the speaker, with a voice of `size` bytes, fitted or not. The utterances have their melodies then."""
        measured = self._speech.fit(voice_encoder) if fits else self._speech.measure(voice_encoder)
        voice = measured.shortened(size)
        if self._singer:
            self.utterances = with_melodies(self.utterances, self._contours, voice, self._singer)
        return Speaker(voice, self.channel)

    def take(self, segment: SpeechSegment) -> None:
        """Take the speaker's next segment; its recognition runs beside the search for further ones."""
        self._unread.append((segment, self._read(segment.samples)))
        if len(self._unread) > MAX_WAITING:
            self._hear()

    def finish(self) -> None:
        """Wait until all segments are recognized."""
        while self._unread:
            self._hear()

    def tell_no_other_language(self) -> None:
        """Give what was told as another language the reason ``unclear``."""
        self.utterances = [
            replace(each, confidence=UNREAD_CONFIDENCE["unclear"]) if each.unread == "another language" else each
            for each in self.utterances
        ]

    def _hear(self) -> None:
        segment, reading = self._unread.popleft()
        transcript = reading.result()
        utterance = self._speech.take(segment, transcript)
        outcome = (utterance.unread or "speech") if utterance else "perhaps speech"
        logger.debug(
            "segment at %.2f s, %.2f s long: %s, confidence %.2f",
            segment.start_s, segment.duration_s, outcome, transcript.confidence,
        )  # fmt: skip
        if utterance:
            self.utterances.append(utterance)  # its speaker is numbered once all speakers are known
            if self._singer:
                self._contours.append(self._singer.contour(segment.samples))
        else:
            self.perhaps_speech.append(Unread(segment.start_s, segment.duration_s, None, "perhaps speech"))


def payload_of(
    accumulators: list[SpeakerAccumulator],
    voice_encoder: VoiceEncoder,
    voice_bytes: VoiceBytes,
    duration_s: float,
    channels: int,
    names: Sequence[str] = (),
) -> tuple[Payload, tuple[Unread, ...]]:
    """Return the payload of a recording, and what is perhaps speech, by the speakers of that payload.

    Args:
        accumulators: all that was heard; who said nothing is no speaker of the payload.
        voice_encoder: measures the voices.
        voice_bytes: how many bytes each gets.
        duration_s: length of the recording.
        channels: 1, or 2 with a party on each.
        names: of the first speakers, as `name_speakers` takes them. A voice that is not sent is not fitted.
    """
    talking = [accumulator for accumulator in accumulators if accumulator.utterances]
    size = voice_size(voice_bytes, len(talking), duration_s)
    with pool(MEASURED_AT_ONCE, "speechzip-voices") as threads:
        measuring = [
            threads.submit(accumulator.measure, voice_encoder, size, fits=not is_somebody(name))
            for accumulator, name in zip(talking, name_of_each(names, len(talking)), strict=True)
        ]
        speakers = tuple(speaker.result() for speaker in measuring)
    utterances = [
        replace(utterance, speaker=speaker)
        for speaker, accumulator in enumerate(talking)
        for utterance in accumulator.utterances
    ]
    perhaps = tuple(
        replace(each, speaker=talking.index(accumulator) if accumulator in talking else None)
        for accumulator in accumulators
        for each in accumulator.perhaps_speech
    )
    in_order = tuple(sorted(utterances, key=lambda utterance: utterance.start_s))
    return Payload(speakers, in_order, duration_s, channels), perhaps
