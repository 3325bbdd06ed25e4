# Types of the parts of openai-whisper that speechzip uses.
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

@dataclass
class ModelDimensions:
    n_mels: int
    n_audio_ctx: int
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_vocab: int
    n_text_ctx: int
    n_text_state: int
    n_text_head: int
    n_text_layer: int

class Whisper(torch.Module):
    dims: ModelDimensions
    def __init__(self, dims: ModelDimensions) -> None: ...
    @property
    def is_multilingual(self) -> bool: ...
    @property
    def num_languages(self) -> int: ...
    @property
    def device(self) -> torch.device: ...
    def embed_audio(self, mel: torch.Tensor) -> torch.Tensor: ...
    def detect_language(self, mel: torch.Tensor) -> tuple[torch.Tensor, list[dict[str, float]]]: ...

class DecodingOptions:
    def __init__(
        self,
        *,
        language: str | None,
        temperature: float,
        beam_size: int | None,
        best_of: int | None,
        prompt: str | None,
        without_timestamps: bool,
        fp16: bool,
    ) -> None: ...

class DecodingResult:
    tokens: list[int]
    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float

_MODELS: dict[str, str]

def available_models() -> list[str]: ...
def load_model(name: str) -> Whisper: ...
def decode(model: Whisper, mel: torch.Tensor, options: DecodingOptions) -> list[DecodingResult]: ...
def pad_or_trim(array: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]: ...
def log_mel_spectrogram(audio: npt.NDArray[np.float32], n_mels: int) -> torch.Tensor: ...
