# Types of the parts of openai-whisper's word times that speechzip uses.
from dataclasses import dataclass

import torch

from . import Whisper
from .tokenizer import Tokenizer

@dataclass
class WordTiming:
    word: str
    tokens: list[int]
    start: float
    end: float

def find_alignment(
    model: Whisper, tokenizer: Tokenizer, text_tokens: list[int], mel: torch.Tensor, num_frames: int
) -> list[WordTiming]: ...
