"""Who it sounds like: voice encoders, speaker embeddings and synthesizers."""

from .classical import ClassicalVoice, ClassicalVoiceEncoder
from .embedding import XVectorEmbedder
from .synthesizer import EspeakSynthesizer

__all__ = ["ClassicalVoice", "ClassicalVoiceEncoder", "EspeakSynthesizer", "XVectorEmbedder"]
