"""A payload to sound, one sentence after the other, so that the first is heard while the next is made."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from ..errors import PayloadCorrupt
from ..payload import Decoded, decode_payload
from ..protocols import StreamingSynthesizer, Synthesizer
from ..textcoders import TEXT_CODERS
from ..types import Samples, Utterance, Voice, VoiceReference

MAX_TEXT_CHARACTERS = 2000
"""Of one utterance: nobody says more between two pauses, and a hostile peer cannot keep us busy for long."""
MAX_UTTERANCES = 8
SENTENCE_PAUSE_S = 0.15
SENTENCE_END = re.compile(r"(?<=[.!?;:\u2026\u3002\uff01\uff1f])\s+")


def decode_utterances(data: bytes) -> Decoded:
    """Return what a payload from the link means.

    Raises:
        PayloadError: it is none, or it says more than anybody says at a time.
    """
    decoded = decode_payload(data, TEXT_CODERS)
    utterances = decoded.payload.utterances
    if not 1 <= len(utterances) <= MAX_UTTERANCES:
        raise PayloadCorrupt(f"the peer sends {len(utterances)} utterances at once; 1 to {MAX_UTTERANCES} are possible")
    if sum(len(utterance.text) for utterance in utterances) > MAX_TEXT_CHARACTERS:
        raise PayloadCorrupt(f"the peer sends a text of more than {MAX_TEXT_CHARACTERS} characters")
    return decoded


def sentences(text: str) -> list[str]:
    """Return `text` in sentences.

    Example:
        >>> sentences("Well... It is 3.5 km. Go on!")
        ['Well...', 'It is 3.5 km.', 'Go on!']
    """
    return [sentence for sentence in SENTENCE_END.split(text.strip()) if sentence]


def speak(utterance: Utterance, voice: Voice | VoiceReference, synthesizer: Synthesizer) -> Iterator[Samples]:
    """Yield `utterance` at the voice's own pace, float32 [t] at the synthesizer's rate.

    It comes a sentence at a time, or in smaller pieces where the synthesizer makes them.
    """
    known = voice if isinstance(voice, Voice) and voice.space in synthesizer.spaces else None
    pause = np.zeros(int(SENTENCE_PAUSE_S * synthesizer.sample_rate), np.float32)
    for index, sentence in enumerate(sentences(utterance.text)):
        if index:
            yield pause
        if isinstance(synthesizer, StreamingSynthesizer):
            yield from synthesizer.stream(sentence, known, utterance.language)
        else:
            yield synthesizer.synthesize(sentence, known, None, utterance.language)
