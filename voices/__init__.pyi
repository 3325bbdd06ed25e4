# What the front door exports, and where from: read by type checkers and, lazily, at run time.
from .classical import ClassicalVoice, ClassicalVoiceEncoder
from .clip import ClipVoiceEncoder
from .embedding import XVectorEmbedder
from .enrollment import enroll
from .store import VoiceStore
from .synthesizer import EspeakSynthesizer
from .trained import TrainedSynthesizer, TrainedVoiceEncoder
from .trained_voice import TrainedVoice
from .voicefile import NamedVoice

__all__ = [
    "ClassicalVoice", "ClassicalVoiceEncoder", "ClipVoiceEncoder", "EspeakSynthesizer", "NamedVoice",
    "TrainedSynthesizer", "TrainedVoice", "TrainedVoiceEncoder", "VoiceStore", "XVectorEmbedder", "enroll",
]  # fmt: skip
