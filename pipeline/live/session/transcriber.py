"""Sound becomes utterances while the speaker still talks.

    sound     ----####-####--------####-#####--|       | the button is released
    partial      p   p  p*        p   p    p*          read again as it grows; * at each pause
    said                    ^ a pause: sent            ^ nothing was said since p*: sent at once

The recognizer reads the open segment again now and then. If the segment ends where the last reading ended, that
reading is used, and the end of speech costs no recognition.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ...audio.leveling import SteadyStream
from ...protocols import ENGINE_SAMPLE_RATE, OneLanguageRecognizer, Recognizer, VoiceEncoder
from ...segments.segmentation import EndpointingSettings, SpeechDetector, SpeechSegment, SpeechSegmenter
from ...segments.utterances import VOICE_SPEECH_S, SpeakerSpeech
from ...types import SOUND_SPACE, Payload, Samples, Speaker, Transcript, UnreadReason, Utterance, Voice
from ...unread.marks import PERHAPS
from ...unread.sounds import SoundBudget, sound_of
from .voice import SETTLED_VOICE_S, VOICE_GROWTH, RunningVoice

logger = logging.getLogger(__name__)

PUSH_TO_TALK = EndpointingSettings(pause_s=0.9, short_pause_s=0.25, soft_length_s=5.0, hard_length_s=12.0)
"""A pause sends what was said while the button is still down."""
HANDS_FREE = EndpointingSettings(pause_s=0.5, short_pause_s=0.25, soft_length_s=4.0, hard_length_s=12.0)
"""Shorter pauses: no button marks the end."""

PARTIAL_EVERY_S = 1.0
"""Interval between two readings of an open segment, so that its text grows on the screen."""
PARTIAL_SHARE = 4
"""After a reading the recognizer pauses for this many times its length, so that it is free at the end of speech."""
PAUSE_PARTIAL_S = 0.12
"""A pause of this length may be the end, so the segment is read at once."""


@dataclass(frozen=True, slots=True)
class OutgoingUtterance:
    """One utterance, ready to be sent."""

    payload: Payload
    """One speaker, one utterance that starts at 0."""
    end_s: float
    """End of its speech in the pushed sound, in seconds."""

    @property
    def text(self) -> str:
        """The words, or the mark of speech that could not be read."""
        return self.payload.utterances[0].shown_text

    @property
    def confidence(self) -> float:
        """The recognizer's, in [0, 1]."""
        return self.payload.utterances[0].confidence

    @property
    def unsure_words(self) -> tuple[int, ...]:
        """Indices in ``text.split()`` of the words that the recognizer is unsure of."""
        return self.payload.utterances[0].unsure_words

    @property
    def unread(self) -> UnreadReason | None:
        """Why it has no words; None if it has."""
        return self.payload.utterances[0].unread

    @property
    def sound_bytes(self) -> int:
        """Size of the sound that is sent in place of words; 0 if there is none."""
        return len(sound_of(self.payload.speakers[0].voice) or b"")


@dataclass(frozen=True, slots=True)
class Unheard:
    """Speech that is lost because an engine failed."""

    duration_s: float
    error: Exception


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A segment that is perhaps speech: it could not be read, and nothing of it is sent."""

    duration_s: float

    @property
    def text(self) -> str:
        """What the user is told."""
        return f"{self.duration_s:.1f} s {PERHAPS}: nothing of it is sent"


Transcribed = OutgoingUtterance | Doubtful | Unheard


class StreamingTranscriber:
    """Turns one speaker's sound into utterances. Not for two threads at once."""

    def __init__(
        self,
        recognizer: Recognizer,
        voice_encoder: VoiceEncoder,
        endpointing: EndpointingSettings = PUSH_TO_TALK,
        new_detector: Callable[[], SpeechDetector] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sounds: SoundBudget | None = None,
        fits: bool = True,
    ) -> None:
        """Begin to listen.

        Args:
            recognizer: finds the words.
            voice_encoder: measures the speaker's voice.
            endpointing: where utterances end.
            new_detector: makes the detector that finds speech, anew after each release; Silero VAD if None.
            clock: seconds, to time the readings.
            sounds: codes the sound of speech that could not be read; None for marks.
            fits: whether to fit the voice beside the conversation, if the encoder can.
        """
        self._recognizer = recognizer
        self._endpointing = endpointing
        self._new_detector = new_detector
        self._clock = clock
        self._sounds = sounds
        self._voice = RunningVoice(
            voice_encoder,
            SpeakerSpeech(
                min(VOICE_SPEECH_S, VOICE_GROWTH * SETTLED_VOICE_S),
                new_detector,
                one_language=isinstance(recognizer, OneLanguageRecognizer),
            ),
            fits,
        )
        self._steady = SteadyStream(ENGINE_SAMPLE_RATE)
        self._pushed = 0  # samples in all
        self._base_s = 0.0  # where the segmenter's time begins
        self._segmenter = self._new_segmenter()
        self._partial: tuple[tuple[float, float], Transcript | None] | None = None  # None: the engine failed
        self._partial_wanted_at_s = 0.0

    @property
    def heard_s(self) -> float:
        """Duration of the pushed sound, in seconds."""
        return self._pushed / ENGINE_SAMPLE_RATE

    def push(self, samples: Samples) -> Iterator[Transcribed]:
        """Yield the utterances that end within `samples`: float32 [t] at 16 kHz, following the last call's."""
        self._pushed += len(samples)
        for segment in self._segmenter.push(self._steady.push(samples)):
            yield from self._read(segment)

    def release(self) -> Iterator[Transcribed]:
        """Yield the last utterances, since the button was released."""
        for segment in self._segmenter.flush():
            yield from self._read(segment)
        self.restart()

    def restart(self) -> None:
        """Forget the sound that has not been recognized."""
        self._segmenter, self._base_s = self._new_segmenter(), self.heard_s
        self._partial = None

    def partial_transcript(self) -> str | None:
        """Recognize the open segment if it is time to, and return its text; None if it was not recognized."""
        segment = self._segmenter.open_segment()
        if segment is None or (self._partial and self._partial[0] == _span(segment)):
            return None
        now_s = self._clock()
        if now_s < self._partial_wanted_at_s and self._segmenter.pause_s < PAUSE_PARTIAL_S:
            return None
        transcript: Transcript | None
        try:
            transcript = self._recognizer.transcribe(segment.samples)
            text = transcript.text if self._voice.speech.is_read(segment, transcript) else ""
            self._voice.prepare(segment, transcript.text)
        except Exception:  # nothing is lost yet: the segment is read again at its end
            logger.debug("an engine failed on an open segment:", exc_info=True)
            transcript = text = None
        self._partial = (_span(segment), transcript)
        took_s = self._clock() - now_s
        self._partial_wanted_at_s = now_s + took_s + max(PARTIAL_EVERY_S, PARTIAL_SHARE * took_s)
        return text

    def _new_segmenter(self) -> SpeechSegmenter:
        return SpeechSegmenter(self._new_detector() if self._new_detector else None, self._endpointing)

    def _read(self, segment: SpeechSegment) -> Iterator[Transcribed]:
        try:
            outgoing = self._understand(segment)
        except Exception as error:  # of any engine
            yield Unheard(segment.duration_s, error)
            return
        if not outgoing:
            yield Doubtful(segment.duration_s)
            return
        yield from outgoing
        try:
            self._voice.refine()  # after it has been sent: the next one has it
        except Exception as error:
            yield Unheard(0.0, error)

    def _understand(self, segment: SpeechSegment) -> list[OutgoingUtterance]:
        """Return the utterance in a segment, or the pieces of its sound; none if it is perhaps speech."""
        partial_transcript, self._partial = self._partial, None
        transcript = partial_transcript[1] if partial_transcript and partial_transcript[0] == _span(segment) else None
        if transcript is None:
            transcript = self._recognizer.transcribe(segment.samples)
        utterance = self._voice.speech.take(segment, transcript)
        if utterance is None:
            return []
        sounds = self._sounds.pieces(segment.samples) if utterance.unread and self._sounds else []
        if sounds:
            voices = [(duration_s, Voice(SOUND_SPACE, code)) for duration_s, code in sounds]
        else:
            voices = [(segment.duration_s, self._voice.latest())]
        end_s = self._base_s + segment.start_s + segment.duration_s
        return [self._outgoing(utterance, duration_s, voice, end_s) for duration_s, voice in voices]

    def _outgoing(self, utterance: Utterance, duration_s: float, voice: Voice, end_s: float) -> OutgoingUtterance:
        alone = replace(utterance, start_s=0.0, duration_s=duration_s)
        return OutgoingUtterance(
            Payload((Speaker(voice),), (alone,), duration_s, recognizer=self._recognizer.name), end_s
        )


def _span(segment: SpeechSegment) -> tuple[float, float]:
    return segment.start_s, segment.duration_s
