# Types of the parts of faster-whisper's transcription that speechzip uses.
from collections.abc import Sequence

from .tokenizer import Tokenizer

def get_suppressed_tokens(tokenizer: Tokenizer, suppress_tokens: list[int]) -> Sequence[int]: ...
