"""Texts, voices and languages for the synthesizers."""

from __future__ import annotations

import warnings
from functools import lru_cache

import numpy as np
from speechzip.pipeline import LANGUAGES, SpeechzipError, Synthesizer, Voice, load_engine

from .payloads import TEXTS
from .target import Target

MAX_SPEECH_S = 61.0
"""60 s, and the end of the last sound."""
MAX_TEXT_BYTES = 60
"""Longer texts only take longer: one sentence at a time is spoken."""


@lru_cache(maxsize=2)
def _synthesizer(name: str) -> Synthesizer:
    return load_engine("synthesizer", name)


def _speech(data: bytes) -> None:
    """Speak the text at the end of `data`; its start chooses synthesizer, language, voice and its length."""
    engine, language, space, length = (*data[:4], 0, 0, 0, 0)[:4]
    synthesizer = _synthesizer(("trained", "espeak")[engine % 2])
    spaces = sorted(synthesizer.spaces)
    embedding = data[4 : 4 + length % 70]
    voice = Voice(spaces[space % len(spaces)], embedding) if embedding else None
    text = data[4 + length % 70 :].decode("utf-8", "replace")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = synthesizer.synthesize(text, voice, None, LANGUAGES[language % len(LANGUAGES)])
    assert np.isfinite(samples).all()
    assert len(samples) <= MAX_SPEECH_S * synthesizer.sample_rate


def speech_targets() -> dict[str, Target]:
    """Return the target of this module by name."""
    short = (*TEXTS, "No, no.", "3.5 km", "ﬁ ½ ²", "a-b/c")
    seeds = [bytes([i, i * 7, i, i * 8]) + bytes(range(i * 8 % 70)) + t.encode() for i, t in enumerate(short * 2)]
    return {"synthesizers": Target(_speech, seeds, None, SpeechzipError, 60.0, 0.1, max_bytes=74 + MAX_TEXT_BYTES)}
