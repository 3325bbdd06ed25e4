"""From recognized segments to a speaker's utterances, with enough speech to measure the voice."""

from __future__ import annotations

import numpy as np

from ..protocols import VoiceEncoder
from ..types import Samples, Transcript, Utterance, Voice
from .rejection import is_speech
from .segmentation import SpeechSegment

VOICE_SPEECH_S = 60.0
"""How much of a speaker's speech the voice is measured from. More changes nothing, and memory stays flat."""


class SpeakerSpeech:
    """The speech of one speaker: decides which segments are utterances, and keeps their sound for the voice."""

    def __init__(self, most_s: float = VOICE_SPEECH_S) -> None:
        """Begin with no speech.

        Args:
            most_s: once this much speech is kept, no more is.
        """
        self._most_s = most_s
        self._speech: list[Samples] = []
        self._words: list[str] = []
        self.duration_s = 0.0
        """Speech kept so far."""

    def take(self, segment: SpeechSegment, transcript: Transcript) -> Utterance | None:
        """Return the utterance in a segment, by speaker 0; None if it holds no speech.

        Args:
            segment: the speaker's next one.
            transcript: what the recognizer found in it.
        """
        if not is_speech(transcript, segment.samples, segment.duration_s):
            return None
        if self.duration_s < self._most_s:
            self._speech.append(segment.samples)
            self._words.append(transcript.text)
            self.duration_s += segment.duration_s
        return Utterance(
            segment.start_s, segment.duration_s, 0, transcript.text, transcript.confidence, transcript.language
        )

    def measure(self, voice_encoder: VoiceEncoder) -> Voice:
        """Return the voice of the speech kept, which must have at least one utterance."""
        return voice_encoder.encode(np.concatenate(self._speech), " ".join(self._words))
