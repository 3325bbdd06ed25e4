"""How good it is: words, bytes and time, measured."""

from .diarization import DiarizationErrors, Spoken, diarization_errors, read_rttm
from .words import WordErrors, normalize, word_errors

__all__ = [
    "DiarizationErrors",
    "Spoken",
    "WordErrors",
    "diarization_errors",
    "normalize",
    "read_rttm",
    "word_errors",
]
