# Types of the parts of coqui-tts that speechzip uses.
from collections.abc import Generator
from typing import Any, Protocol, TypedDict

import numpy as np
import numpy.typing as npt
import torch

from ..configs.xtts_config import XttsArgs, XttsConfig

class _Speech(TypedDict):
    wav: npt.NDArray[np.float32]
    gpt_latents: npt.NDArray[np.float32]

class _Speakers(Protocol):
    speakers: dict[str, dict[str, torch.Tensor]]

class _Tokenizer(Protocol):
    char_limits: dict[str, int]
    def encode(self, text: str, lang: str) -> list[int]: ...

class _Decoder(Protocol):
    def __call__(self, latents: torch.Tensor, g: torch.Tensor) -> torch.Tensor: ...

class Xtts(torch.Module):
    config: XttsConfig
    args: XttsArgs
    tokenizer: _Tokenizer
    speaker_manager: _Speakers | None
    hifigan_decoder: _Decoder
    @property
    def device(self) -> torch.device: ...
    def __init__(self, config: XttsConfig) -> None: ...
    def load_checkpoint(self, config: XttsConfig, *, checkpoint_dir: str, eval: bool) -> None: ...
    def get_gpt_cond_latents(self, audio: torch.Tensor, sr: int) -> torch.Tensor: ...
    def get_speaker_embedding(self, audio: torch.Tensor, sr: int) -> torch.Tensor: ...
    def inference(
        self, text: str, language: str, gpt_cond_latent: torch.Tensor, speaker_embedding: torch.Tensor, **settings: Any
    ) -> _Speech: ...
    def inference_stream(
        self, text: str, language: str, gpt_cond_latent: torch.Tensor, speaker_embedding: torch.Tensor, **settings: Any
    ) -> Generator[torch.Tensor]: ...
