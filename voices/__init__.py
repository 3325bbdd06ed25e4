"""Who it sounds like: voice encoders and synthesizers."""

from .classical import ClassicalVoice, ClassicalVoiceEncoder
from .synthesizer import EspeakSynthesizer

__all__ = ["ClassicalVoice", "ClassicalVoiceEncoder", "EspeakSynthesizer"]
