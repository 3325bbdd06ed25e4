# Names of the front door and their modules: read by type checkers, and at run time when a name is first used.
from .metrics.diarization import DiarizationErrors, SpeechSpan, diarization_errors, read_rttm
from .metrics.wer import WordErrors, character_errors, normalize, word_errors
from .report import write_report
from .results.bootstrap import Estimate, estimate_ratio
from .results.results import Failure, Results
from .results.summary import ResultRow
from .run.evaluation import evaluate
from .run.options import Engines, Options
from .types import Codec, Coded, Corpus, Item, Observation, Turn, TurnObservation

__all__ = [
    "Codec",
    "Coded",
    "Corpus",
    "DiarizationErrors",
    "Engines",
    "Estimate",
    "Failure",
    "Item",
    "Observation",
    "Options",
    "ResultRow",
    "Results",
    "SpeechSpan",
    "Turn",
    "TurnObservation",
    "WordErrors",
    "character_errors",
    "diarization_errors",
    "estimate_ratio",
    "evaluate",
    "normalize",
    "read_rttm",
    "word_errors",
    "write_report",
]  # fmt: skip
