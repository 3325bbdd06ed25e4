"""Text as tokens for languages other than English: one token a character.

The token ids are those of `tokens`: `END`, `START`, the 256 bytes, then the characters of the alphabet, the most
frequent first. A character outside of it is spelled as the bytes of its UTF-8. So each text has one spelling only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .tokens import END, FIRST_PIECE, join_pieces, split_pieces


class Alphabet:
    """The characters that a model knows, and the conversion between texts and token ids."""

    def __init__(self, characters: Sequence[str]) -> None:
        self.pieces = tuple(characters)
        """The characters, in the order of their ids from `FIRST_PIECE` on."""
        self._ids = {character: FIRST_PIECE + index for index, character in enumerate(self.pieces)}

    def __len__(self) -> int:
        return FIRST_PIECE + len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """Return the token ids of one utterance, `END` included.

        >>> Alphabet("ol").encode("olé")
        [258, 259, 197, 171, 0]
        """
        return [*split_pieces(text, self._ids), END]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of the token ids of one utterance (without `END`).

        Raises:
            PayloadCorrupt: the byte tokens are not UTF-8.
        """
        return join_pieces(self.pieces, ids)
