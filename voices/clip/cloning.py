"""What all synthesizers that clone a clip's voice share: the voices that they know, and how far speech is stretched."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from speechzip.pipeline import Samples, SpeechzipWarning, Voice, VoiceError

from ..parametric.espeak_bases import REFERENCE_SENTENCE
from ..parametric.synthesizer import EspeakSynthesizer
from .clip import clip_speech

MIN_CLIP_S = 0.4
"""Shortest clip that gives a voice: XTTS's chunk of style needs 0.33 s, Pocket TTS hears five frames of 80 ms."""
MIN_STRETCH, MAX_STRETCH = 0.75, 1.4
"""Range of intelligible speaking rates, relative to the model's own."""
STRETCH_TOLERANCE = 0.02
KNOWN_VOICES = 16
"""Number of voices with cached conditioning."""

Conditioning = TypeVar("Conditioning")
"""A model's representation of a voice."""


class KnownVoices(Generic[Conditioning]):
    """A model's conditioning on the voices that it spoke in last. Not thread-safe: callers hold the model's lock."""

    def __init__(self, listen: Callable[[Samples], Conditioning], neutral: Callable[[], Conditioning]) -> None:
        """Start with no voice.

        Args:
            listen: returns the conditioning on a clip, float32 [T], mono, 16 kHz.
            neutral: returns the conditioning on the neutral voice.
        """
        self._listen, self._neutral = listen, neutral
        self._known: OrderedDict[Voice | None, Conditioning] = OrderedDict()

    def conditioning(self, voice: Voice | None) -> Conditioning:
        """Return the conditioning on a voice; on the neutral one for None, and with a warning for a clip too short."""
        if voice in self._known:
            self._known.move_to_end(voice)
            return self._known[voice]
        conditioning = self._measure(voice)
        self._known[voice] = conditioning
        if len(self._known) > KNOWN_VOICES:
            self._known.popitem(last=False)
        return conditioning

    def _measure(self, voice: Voice | None) -> Conditioning:
        if voice is None:
            return self._neutral()
        try:
            clip = clip_speech(voice, MIN_CLIP_S)
        except VoiceError as error:
            warnings.warn(f"{error}; a neutral voice speaks instead", SpeechzipWarning, stacklevel=2)
            return self.conditioning(None)
        return self._listen(clip)


def espeak_clip() -> Samples:
    """Return a clip of espeak-ng's voice, neutral without a download: float32 [T], mono, 16 kHz."""
    return EspeakSynthesizer().synthesize(REFERENCE_SENTENCE, None, None, "en")
