"""From recognized segments to a speaker's utterances, with enough speech to measure the voice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..protocols import FittingVoiceEncoder, VoiceEncoder
from ..types import UNREAD_CONFIDENCE, Samples, Transcript, UnreadReason, Utterance, Voice
from .rejection import is_music, is_speech, is_unread_speech, unread_reason
from .segmentation import SpeechDetector, SpeechSegment

VOICE_SPEECH_S = 60.0
"""The voice is measured from this much speech. More would change nothing, and memory stays flat."""


@dataclass(slots=True)
class ReadSpeech:
    """How much of a conversation could be read so far, whoever spoke."""

    read_s: float = 0.0
    unread_s: float = 0.0

    @property
    def is_known_language(self) -> bool:
        """Whether most of it could be read: then the rest is hardly in another language."""
        return self.read_s >= self.unread_s


class SpeakerSpeech:
    """The speech of one speaker: decides which segments are utterances, and keeps their sound for the voice."""

    def __init__(
        self,
        most_s: float = VOICE_SPEECH_S,
        new_detector: Callable[[], SpeechDetector] | None = None,
        one_language: bool = False,
        conversation: ReadSpeech | None = None,
    ) -> None:
        """Begin with no speech.

        Args:
            most_s: largest amount of speech to keep.
            new_detector: makes the detector that tells unread speech from noise; Silero VAD if None.
            one_language: whether the recognizer reads one language only.
            conversation: shared by all speakers of a conversation; if None, there is one speaker.
        """
        self._most_s = most_s
        self._new_detector = new_detector
        self._one_language = one_language
        self._unread_speech: Samples | None = None
        self._conversation = conversation or ReadSpeech()
        self._speech: list[tuple[Samples, Transcript]] = []
        self.duration_s = 0.0
        """Speech kept so far."""

    def take(self, segment: SpeechSegment, transcript: Transcript) -> Utterance | None:
        """Return the utterance in a segment, by speaker 0: without text if it could not be read.

        None stands for what is perhaps speech: neither its words nor its sound say that it is, but the speech detector
        took it for speech when it cut the segment.

        Args:
            segment: the speaker's next one.
            transcript: what the recognizer found in it.
        """
        if not self.is_read(segment, transcript):
            unread = self._unread(segment, transcript)
            # Unsure words that would get no mark are kept: the detector may be unsure of soft speech as well.
            if unread or not is_speech(transcript, segment.samples, segment.duration_s):
                return unread
        self._conversation.read_s += segment.duration_s
        if self.duration_s < self._most_s:
            self._speech.append((segment.samples, transcript))
            self.duration_s += segment.duration_s
        first_s = segment.start_s - segment.lead_s
        words = tuple(replace(word, start_s=round(first_s + word.start_s, 3)) for word in transcript.words)
        return Utterance(
            segment.start_s,
            segment.duration_s,
            0,
            transcript.text,
            transcript.confidence,
            transcript.language,
            transcript.unsure_words,
            words,
        )

    def is_read(self, segment: SpeechSegment, transcript: Transcript) -> bool:
        """Return whether a segment holds speech that could be read."""
        return is_speech(transcript, segment.samples, segment.duration_s, self._one_language)

    def _unread(self, segment: SpeechSegment, transcript: Transcript) -> Utterance | None:
        detector = self._new_detector() if self._new_detector else None
        if not is_unread_speech(segment.samples, segment.duration_s, detector):
            return None
        if self._unread_speech is None:
            self._unread_speech = segment.samples
        confidence = UNREAD_CONFIDENCE[self._reason(segment, transcript)]
        return Utterance(segment.start_s, segment.duration_s, 0, "", confidence)

    def _reason(self, segment: SpeechSegment, transcript: Transcript) -> UnreadReason:
        if is_music(segment.samples):
            return "over music"
        so_far = self._conversation
        so_far.unread_s += segment.duration_s
        return unread_reason(transcript, self._one_language and not so_far.is_known_language)

    def measure(self, voice_encoder: VoiceEncoder) -> Voice:
        """Return the voice of the kept speech (there must be some). Unread speech counts only if there is no other."""
        if not self._speech and self._unread_speech is not None:
            return voice_encoder.encode(self._unread_speech, "")
        samples = np.concatenate([samples for samples, _ in self._speech])
        return voice_encoder.encode(samples, " ".join(transcript.text for _, transcript in self._speech))

    def fit(self, voice_encoder: VoiceEncoder) -> Voice:
        """Return the voice as `measure` does, or a better one if the encoder can take its time for that."""
        return self.better(voice_encoder, self.measure(voice_encoder))

    def better(self, voice_encoder: VoiceEncoder, voice: Voice) -> Voice:
        """Return a better voice than the measured `voice` if the encoder can take its time for that."""
        if self._speech and isinstance(voice_encoder, FittingVoiceEncoder):
            return voice_encoder.fit(voice, tuple(self._speech))  # another thread may take more
        return voice
