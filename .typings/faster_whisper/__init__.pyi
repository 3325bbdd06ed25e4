# Types of the parts of faster-whisper that speechzip uses.
import ctranslate2
import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

class FeatureExtractor:
    hop_length: int
    def __call__(self, waveform: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]: ...

class WhisperModel:
    model: ctranslate2.Whisper
    hf_tokenizer: Tokenizer
    feature_extractor: FeatureExtractor
    tokens_per_second: int
    def __init__(self, path: str, *, device: str, compute_type: str, cpu_threads: int) -> None: ...
    @property
    def supported_languages(self) -> list[str]: ...
    def encode(self, features: npt.NDArray[np.float32]) -> ctranslate2.StorageView: ...
