# Names of the front door and their modules: read by type checkers, and at run time when a name is first used.
from .clip.clip import ClipVoiceEncoder
from .embedding.x_vector import XVectorEmbedder
from .parametric.encoder import ParametricVoiceEncoder
from .parametric.synthesizer import EspeakSynthesizer
from .spaces.parametric_voice import ParametricVoice
from .spaces.scalable_voice import ScalableVoice
from .spaces.trained_voice import TrainedVoice
from .store.enrollment import enroll
from .store.store import VoiceStore
from .store.voicefile import NamedVoice
from .text.pronunciation.pronunciation import pronounced
from .trained.engines import TrainedSynthesizer, TrainedVoiceEncoder

__all__ = [
    "ClipVoiceEncoder", "EspeakSynthesizer", "NamedVoice", "ParametricVoice", "ParametricVoiceEncoder",
    "ScalableVoice", "TrainedSynthesizer", "TrainedVoice", "TrainedVoiceEncoder", "VoiceStore", "XVectorEmbedder",
    "enroll", "pronounced",
]  # fmt: skip
