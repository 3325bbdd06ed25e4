# What the front door exports, and where from: read by type checkers and, lazily, at run time.
from .diarization import DiarizationErrors, Spoken, diarization_errors, read_rttm
from .estimates import Estimate, estimate_ratio
from .evaluation import evaluate
from .options import Engines, Options
from .report import write_report
from .results import Failure, Results
from .summary import Row
from .types import Codec, Coded, Corpus, Item, Observation, Turn, TurnObservation
from .words import WordErrors, character_errors, normalize, word_errors

__all__ = [
    "Codec", "Coded", "Corpus", "DiarizationErrors", "Engines", "Estimate", "Failure", "Item", "Observation", "Options",
    "Results", "Row", "Spoken", "Turn", "TurnObservation", "WordErrors",
    "character_errors", "diarization_errors", "estimate_ratio", "evaluate", "normalize", "read_rttm", "word_errors",
    "write_report",
]  # fmt: skip
