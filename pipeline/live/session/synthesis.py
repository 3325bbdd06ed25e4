"""A payload to sound, one sentence after the other, so that the first is heard while the next is made."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ...errors import EngineError, PayloadCorrupt
from ...payload.format import Decoded, decode_payload
from ...protocols import StreamingSynthesizer, Synthesizer
from ...sentences import split_sentences
from ...textcoder.registry import TEXT_CODERS
from ...types import Samples, Utterance, Voice, VoiceReference

MAX_TEXT_CHARACTERS = 2000
"""Of one utterance: nobody says more between two pauses, and a hostile peer cannot keep us busy for long."""
MAX_UTTERANCES = 8
LETTER_S, SIGN_S = 0.07, 0.34
"""To say a letter, and anything else: "911" is three words, an ideograph or an emoji is one or more."""
FIRST_IDEOGRAPH = "\u2e80"
SENTENCE_PAUSE_S = 0.15


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


def estimate_duration_s(text: str) -> float:
    """Return how long it takes to say `text`, roughly and rather too long.

    Example:
        >>> round(estimate_duration_s("Call 911."), 2)
        1.98
    """
    return sum(LETTER_S if character.isalpha() and character < FIRST_IDEOGRAPH else SIGN_S for character in text)


def speak(
    utterance: Utterance,
    voice: Voice | VoiceReference,
    synthesizer: Synthesizer,
    most_s: float = math.inf,
    most_pieces: int = 10_000,
) -> Iterator[Samples]:
    """Yield `utterance` at the voice's own speaking rate, float32 [t] at the synthesizer's rate, at most `most_s` of
    it.

    It comes a sentence at a time, or in smaller pieces where the synthesizer makes them; `most_pieces` of those are
    an engine that never ends.

    Raises:
        EngineError: what the synthesizer returns is no sound. It may raise whatever else it likes.
    """
    left = most_s * synthesizer.sample_rate
    for index, piece in enumerate(_pieces(utterance, voice, synthesizer)):
        if left <= 0:
            return
        if index == most_pieces:
            raise EngineError(f"the synthesizer {synthesizer.name} does not end: {most_pieces} pieces of sound")
        samples = _checked(piece, synthesizer)
        samples = samples if len(samples) <= left else samples[: math.ceil(left)]
        left -= len(samples)
        yield samples


def _pieces(utterance: Utterance, voice: Voice | VoiceReference, synthesizer: Synthesizer) -> Iterator[Samples]:
    known = voice if isinstance(voice, Voice) and voice.space in synthesizer.spaces else None
    pause = np.zeros(int(SENTENCE_PAUSE_S * synthesizer.sample_rate), np.float32)
    for index, sentence in enumerate(split_sentences(utterance.text)):
        if index:
            yield pause
        if isinstance(synthesizer, StreamingSynthesizer):
            yield from synthesizer.stream(sentence, known, utterance.language)
        else:
            yield synthesizer.synthesize(sentence, known, None, utterance.language)


def _checked(piece: Samples, synthesizer: Synthesizer) -> Samples:
    """Return what an engine gave, as the float32 [t] that it was to give."""
    try:
        samples = np.asarray(piece, np.float32)
    except (TypeError, ValueError) as error:
        raise EngineError(f"the synthesizer {synthesizer.name} returned no sound ({error})") from error
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise EngineError(
            f"the synthesizer {synthesizer.name} returned no sound: an array of shape {samples.shape}, "
            "or numbers that are not finite"
        )
    return samples
