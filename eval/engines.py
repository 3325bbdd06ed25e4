"""Engines loaded once in each process, shared by judges and systems."""

from __future__ import annotations

from functools import lru_cache

from speechzip.pipeline import (
    Recognizer,
    SpeakerEmbedder,
    Synthesizer,
    VoiceEncoder,
    load_engine,
    load_recognizer,
)


@lru_cache(maxsize=8)
def recognizer(spec: str | None = None, text_coder: str | None = None, rescorer: str | None = None) -> Recognizer:
    """Return the result of `load_recognizer`, cached by its arguments."""
    return load_recognizer(spec, rescorer=rescorer, text_coder=text_coder)


@lru_cache(maxsize=8)
def judge(spec: str | None = None) -> Recognizer:
    """Return a recognizer that writes what it hears, whatever bits that takes; cached by its spec."""
    return load_recognizer(spec, brief=False)


@lru_cache(maxsize=8)
def voice_encoder(spec: str | None = None) -> VoiceEncoder:
    """Return the result of `load_engine`, cached by its spec."""
    return load_engine("voice_encoder", spec)


@lru_cache(maxsize=8)
def synthesizer(spec: str | None = None) -> Synthesizer:
    """Return the result of `load_engine`, cached by its spec."""
    return load_engine("synthesizer", spec)


@lru_cache(maxsize=1)
def speaker_embedder() -> SpeakerEmbedder:
    """Return the result of `load_engine`, cached."""
    return load_engine("speaker_embedder")
