"""Measures of decoded sound."""

from .judge import load_judges, transcribe
from .naturalness import NATURALNESS, load_naturalness
from .onsets import onset_s
from .voice import VOICE, load_voice

__all__ = [
    "NATURALNESS",
    "VOICE",
    "load_judges",
    "load_naturalness",
    "load_voice",
    "onset_s",
    "transcribe",
]
