# Types of the parts of CTranslate2 that speechzip uses.
from collections.abc import Sequence

class StorageView: ...

class WhisperGenerationResult:
    sequences_ids: list[list[int]]
    scores: list[float]
    no_speech_prob: float

class WhisperAlignmentResult:
    alignments: list[tuple[int, int]]

class Whisper:
    is_multilingual: bool
    def detect_language(self, features: StorageView) -> list[list[tuple[str, float]]]: ...
    def generate(
        self,
        features: StorageView,
        prompts: Sequence[Sequence[int]],
        *,
        beam_size: int,
        num_hypotheses: int,
        sampling_topk: int,
        sampling_temperature: float,
        max_length: int,
        return_scores: bool,
        return_no_speech_prob: bool,
        suppress_tokens: Sequence[int],
    ) -> list[WhisperGenerationResult]: ...
    def align(
        self, features: StorageView, start_sequence: Sequence[int], text_tokens: Sequence[Sequence[int]], num_frames: int
    ) -> list[WhisperAlignmentResult]: ...

def set_random_seed(seed: int) -> None: ...
