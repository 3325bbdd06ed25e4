"""Moonshine's tokens: pieces of words, ``▁`` for a space before a word."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..cleaning import tidy

SPACE = "\u2581"


class Tokenizer:
    """The strings of a model's tokens."""

    def __init__(self, path: Path) -> None:
        """Read ``tokenizer.bin``."""
        self._tokens = read_vocabulary(path.read_bytes())

    @cached_property
    def _ids(self) -> dict[bytes, int]:
        # A single byte has two tokens, of which texts use the second: the first is for bytes of rare characters.
        return {token: index for index, token in enumerate(self._tokens)}

    def text(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens, tidied."""
        text = b"".join(self._tokens[token] for token in tokens).decode("utf-8", "replace")
        return tidy(text.replace(SPACE, " "))

    def word_starts(self, tokens: Sequence[int]) -> list[int]:
        """Return the indices of the tokens that begin a word."""
        space = SPACE.encode()
        return [index for index, token in enumerate(tokens) if not index or self._tokens[token].startswith(space)]

    @cached_property
    def within_word(self) -> npt.NDArray[np.bool_]:
        """Whether each token continues the word before it: bool [V]."""
        return np.array([token.decode("utf-8", "replace")[:1].isalnum() for token in self._tokens])

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a phrase, as the model writes it after a space.

        The pair of pieces whose union has the lowest number is joined first, which is how the tokens were trained
        (byte-pair encoding; Kudo and Richardson 2018, "SentencePiece").
        """
        pieces = [character.encode() for character in SPACE + text.strip().replace(" ", SPACE)]
        while joined := min(
            ((token, index) for index in range(len(pieces) - 1) if (token := self._joined(pieces, index)) is not None),
            default=None,
        ):
            index = joined[1]
            pieces[index : index + 2] = [pieces[index] + pieces[index + 1]]
        return [token for piece in pieces for token in self._tokens_of(piece)]

    def _joined(self, pieces: Sequence[bytes], index: int) -> int | None:
        return self._ids.get(pieces[index] + pieces[index + 1])

    def _tokens_of(self, piece: bytes) -> list[int]:
        if piece in self._ids:
            return [self._ids[piece]]
        return [self._tokens.index(bytes([byte])) for byte in piece]

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
