"""Moonshine's tokens: pieces of words, ``▁`` for a space before a word."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .cleaning import tidy

SPACE = "\u2581"


class Tokenizer:
    """The strings of a model's tokens."""

    def __init__(self, path: Path) -> None:
        """Read ``tokenizer.bin``."""
        self._tokens = read_vocabulary(path.read_bytes())

    def text(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens, tidied."""
        text = b"".join(self._tokens[token] for token in tokens).decode("utf-8", "replace")
        return tidy(text.replace(SPACE, " "))

    def has_words(self, tokens: Sequence[int]) -> bool:
        """Return whether there is a letter or digit among tokens."""
        return any(character.isalnum() for character in self.text(tokens))


def read_vocabulary(packed: bytes) -> list[bytes]:
    """Return the token strings of ``tokenizer.bin``: each a length (one byte, or two from 128 on), then UTF-8."""
    tokens: list[bytes] = []
    position = 0
    while position < len(packed):
        length = packed[position]
        position += 1
        if length >= 128:
            length = packed[position] * 128 + length - 128
            position += 1
        if position + length > len(packed):
            raise ValueError("tokenizer.bin is cut short")
        tokens.append(packed[position : position + length])
        position += length
    return tokens
