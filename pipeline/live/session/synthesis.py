"""Payloads become sound one sentence at a time, so that the first is heard while the next is synthesized."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from ...audio.reading import resample
from ...errors import EngineError, PayloadCorrupt
from ...payload.format import Decoded, decode_payload
from ...protocols import ENGINE_SAMPLE_RATE, StreamingSynthesizer, Synthesizer, TextCoder
from ...synthesis.sentences import split_sentences
from ...synthesis.speaking import unread_tone
from ...types import Samples, Utterance, Voice
from ...unread.sounds import sound_of, unpack_sound

MAX_TEXT_CHARACTERS = 2000
"""Limit for one payload. Nobody says more between two pauses, and a hostile peer cannot occupy this end for long."""
MAX_UTTERANCES = 8
"""Limit for one payload."""
LETTER_S, SIGN_S = 0.07, 0.34
"""Time to say a letter, and any other character: "911" is three words; an ideograph or an emoji is at least one."""
FIRST_IDEOGRAPH = "\u2e80"
SENTENCE_PAUSE_S = 0.15


def decode_utterances(data: bytes, text_coders: Mapping[int, TextCoder]) -> Decoded:
    """Return a decoded payload of the peer's.

    Args:
        data: untrusted.
        text_coders: those that may have coded its text, by id.

    Raises:
        PayloadError: it is no payload, or it holds more than anybody says at a time.
    """
    decoded = decode_payload(data, text_coders)
    utterances = decoded.payload.utterances
    if not 1 <= len(utterances) <= MAX_UTTERANCES:
        raise PayloadCorrupt(f"the peer sends {len(utterances)} utterances at once; 1 to {MAX_UTTERANCES} are allowed")
    if sum(len(utterance.text) for utterance in utterances) > MAX_TEXT_CHARACTERS:
        raise PayloadCorrupt(f"the peer sends a text of more than {MAX_TEXT_CHARACTERS} characters")
    return decoded


def estimate_duration_s(text: str) -> float:
    """Return an estimate of the duration of `text`, rather too long than too short.

    Example:
        >>> round(estimate_duration_s("Call 911."), 2)
        1.98
    """
    return sum(LETTER_S if character.isalpha() and character < FIRST_IDEOGRAPH else SIGN_S for character in text)


def speak(
    utterance: Utterance,
    voice: Voice | None,
    synthesizer: Synthesizer,
    most_s: float = math.inf,
    most_pieces: int = 10_000,
) -> Iterator[Samples]:
    """Yield an utterance at the voice's own speaking rate: float32 [t] at the synthesizer's rate.

    It comes a sentence at a time, or in smaller pieces if the synthesizer makes them.

    Args:
        utterance: its text is spoken; its duration is ignored.
        voice: in one of the synthesizer's spaces, or None for its neutral voice; of a mark, the sound to play if any.
        synthesizer: any; its output is checked.
        most_s: most seconds of sound; the rest is cut off.
        most_pieces: an engine that returns more pieces never ends.

    Raises:
        AudioError: the sound of a mark cannot be decoded.
        EngineError: the synthesizer returns anything but sound, or too many pieces. It may raise anything else.
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


def _pieces(utterance: Utterance, voice: Voice | None, synthesizer: Synthesizer) -> Iterator[Samples]:
    if utterance.unread and (code := sound_of(voice)) is not None:
        yield resample(unpack_sound(code), ENGINE_SAMPLE_RATE, synthesizer.sample_rate)
        return
    if utterance.unread:
        yield unread_tone(synthesizer.sample_rate)
        return
    pause = np.zeros(int(SENTENCE_PAUSE_S * synthesizer.sample_rate), np.float32)
    for index, sentence in enumerate(split_sentences(utterance.text)):
        if index:
            yield pause
        if isinstance(synthesizer, StreamingSynthesizer):
            yield from synthesizer.stream(sentence, voice, utterance.language)
        else:
            yield synthesizer.synthesize(sentence, voice, None, utterance.language)


def _checked(piece: Samples, synthesizer: Synthesizer) -> Samples:
    """Return a piece of an engine's sound as float32 [t], or raise an `EngineError`."""
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
