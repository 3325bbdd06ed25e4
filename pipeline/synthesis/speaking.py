"""The checks on any synthesizer: one type of error, finite samples, bounded length."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

import numpy as np

from ..errors import EngineError, SpeechzipError
from ..protocols import MAX_LEAD_S, MAX_UTTERANCE_S, LeadingSynthesizer, MelodicSynthesizer, Synthesizer
from ..types import Samples, Utterance, Voice, VoiceReference

TONE_HZ, TONE_S, TONE_LEVEL = 440.0, 0.25, 0.05
"""The tone that a listener hears for unread speech: short, and about 15 dB softer than speech."""
TONE_FADE_S = 0.03

MAX_PEAK = 0.95
"""Louder speech is not made so loud that it clips."""

REDACTED_KINDS = frozenset("card phone email ssn iban date name".split())
"""Kinds of redacted data. Marks such as ``[card]`` replace them in the text; a listener hears tones instead."""
REDACTED_MARK = re.compile(r"\[(?:" + "|".join(sorted(REDACTED_KINDS)) + r")\]")
BESIDE_A_MARK = re.compile(r"[\s,.;:!?]*")
"""Not spoken before and after a mark. In one pattern with it, a long run of these is searched from each of them."""
CHARACTERS_PER_S = 15.0
"""Typical speaking rate. It gives the time of an utterance's words; its marks get the rest."""


def known_voice(voice: Voice | VoiceReference, synthesizer: Synthesizer) -> tuple[Voice | None, str]:
    """Return the voice that `synthesizer` can speak in, and "".

    If it cannot, return None for its neutral voice, and the reason for people to read.
    """
    if isinstance(voice, VoiceReference):
        return None, (
            f"the payload names voice {voice.id:04x}, which is not in your store of voices: a neutral voice "
            "speaks instead; ask the sender for it (speechzip voices export) and import it (speechzip voices import)"
        )
    if voice.space not in synthesizer.spaces:
        return None, f"{synthesizer.name} has no voices of the space {voice.space!r}; a neutral voice speaks instead"
    return voice, ""


def speak(utterance: Utterance, voice: Voice | None, synthesizer: Synthesizer) -> Samples:
    """Return the speech of an utterance: float32 [T] in [-1, 1] at the synthesizer's rate, `MAX_UTTERANCE_S` at most.

    Args:
        utterance: without text, the result is a short tone; with spaces only, it is empty.
        voice: in one of the synthesizer's spaces, or None for its neutral voice.
        synthesizer: any engine; its output is checked.

    Raises:
        EngineError: the synthesizer raises any exception, or returns anything but finite sound.
    """
    if utterance.unread:
        return unread_tone(synthesizer.sample_rate)
    if REDACTED_MARK.search(utterance.text):
        return _with_tones(utterance, voice, synthesizer)
    if not utterance.text.strip():
        return np.zeros(0, np.float32)
    try:
        samples = _spoken(utterance, voice, synthesizer)
    except SpeechzipError:
        raise
    except Exception as error:  # third-party engines may raise anything on untrusted text
        raise _failed(utterance, synthesizer, repr(error)) from error
    samples = np.asarray(samples)
    if samples.ndim != 1 or samples.dtype.kind != "f" or not np.isfinite(samples).all():
        raise _failed(utterance, synthesizer, "its result is not finite sound")
    samples = samples[: int(MAX_UTTERANCE_S * synthesizer.sample_rate)]
    if utterance.melody and utterance.melody.loudness and samples.any():
        samples = samples * min(10 ** (utterance.melody.loudness / 20), MAX_PEAK / np.abs(samples).max())
    return np.clip(samples, -1.0, 1.0).astype(np.float32, copy=False)


def lead_s(utterance: Utterance, voice: Voice | None, synthesizer: Synthesizer) -> float:
    """Return how much earlier than an utterance its speech begins, in seconds: 0 to `MAX_LEAD_S`.

    Args:
        utterance: if it is spoken as it is. Marks are tones, and a tone is loud at once.
        voice: as for `speak`.
        synthesizer: any engine; its result is checked.

    Raises:
        EngineError: the synthesizer raises any exception.
    """
    if utterance.unread or REDACTED_MARK.search(utterance.text) or not isinstance(synthesizer, LeadingSynthesizer):
        return 0.0
    try:
        found = float(synthesizer.lead_s(utterance.text, voice, utterance.language))
    except SpeechzipError:
        raise
    except Exception as error:  # as in `speak`
        raise _failed(utterance, synthesizer, repr(error)) from error
    return min(found, MAX_LEAD_S) if found > 0 else 0.0


def _spoken(utterance: Utterance, voice: Voice | None, synthesizer: Synthesizer) -> Samples:
    wanted = utterance.text, voice, utterance.duration_s, utterance.language
    if utterance.melody and isinstance(synthesizer, MelodicSynthesizer):
        return synthesizer.synthesize_melody(*wanted, utterance.melody)
    return synthesizer.synthesize(*wanted)


@lru_cache(maxsize=4)
def unread_tone(sample_rate: int) -> Samples:
    """Return the tone for unread speech: float32 [T] in [-1, 1], not to be written to."""
    tone = _tone(sample_rate, TONE_S)
    tone.setflags(write=False)
    return tone


def _tone(sample_rate: int, duration_s: float) -> Samples:
    time_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    fade = np.clip(np.minimum(time_s, duration_s - time_s) / TONE_FADE_S, 0, 1)
    return np.asarray(TONE_LEVEL * fade * np.sin(2 * np.pi * TONE_HZ * time_s), np.float32)


def _with_tones(utterance: Utterance, voice: Voice | None, synthesizer: Synthesizer) -> Samples:
    """Return the speech of an utterance with marks: the words at a usual pace, tones for the rest of the time."""
    texts = _between_marks(utterance.text)
    characters = sum(map(len, texts))
    words_s = min(characters / CHARACTERS_PER_S, max(0.0, utterance.duration_s - TONE_S * (len(texts) - 1)))
    tone_s = min(MAX_UTTERANCE_S, max(TONE_S, (utterance.duration_s - words_s) / (len(texts) - 1)))
    pieces: list[Samples] = []
    for number, text in enumerate(texts):
        if number:
            pieces.append(_tone(synthesizer.sample_rate, tone_s))
        if text.strip():
            duration_s = max(TONE_S, words_s * len(text) / characters)
            piece = replace(utterance, text=text, duration_s=duration_s, melody=None)  # it is that of the whole
            pieces.append(speak(piece, voice, synthesizer))
        if sum(map(len, pieces)) >= MAX_UTTERANCE_S * synthesizer.sample_rate:
            break
    return np.concatenate(pieces)[: int(MAX_UTTERANCE_S * synthesizer.sample_rate)]


def _between_marks(text: str) -> list[str]:
    """Return the texts before, between and after the marks, less what is beside a mark."""
    texts = REDACTED_MARK.split(text)
    texts[1:] = [_without_start(after) for after in texts[1:]]
    texts[:-1] = [_without_start(before[::-1])[::-1] for before in texts[:-1]]
    return texts


def _without_start(text: str) -> str:
    found = BESIDE_A_MARK.match(text)
    return text[found.end() :] if found else text


def _failed(utterance: Utterance, synthesizer: Synthesizer, reason: str) -> EngineError:
    return EngineError(
        f"the synthesizer {synthesizer.name} failed at {utterance.start_s:.2f} s, on {len(utterance.text)} characters "
        f"of {utterance.language!r} ({reason})",
        remedies=("another_synthesizer",),
    )
