"""Text as tokens of SmolLM2: pairs of byte strings are joined in the order of a list of merges.

    "So John said OK."                       the text
    "So", " John", " said", " OK", "."       words, which no token crosses
    2205, 1842, 1091, 9330, 30               their tokens

The tokens and merges are those of the model's file, where bytes are written as GPT-2 writes them: each as a printable
character. Three tokens change places, so that `END` and `START` have the numbers that they have in every text coder:
the line end, behind each utterance; the one between documents, before a conversation; and one that begins turns of a
chat, which stands for a line end inside of an utterance. A few bytes have no token in the file, and take those of
special ones: control characters, and the first bytes of characters that Unicode has not given away yet.

Sources: Sennrich et al. 2016 (byte-pair encoding); Radford et al. 2019 (on bytes, GPT-2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ...errors import PayloadCorrupt
from ..tokens import END, LONGEST_PART, START, WordMemory, join_neighbors

LINE_END, BETWEEN_DOCUMENTS, TURN = 198, 0, 1
"""Numbers in the model's file of the tokens that change places."""

# A clitic; letters, with the space before them; a digit; other signs, with the space before them; white space. What is
# not ASCII counts as letters: which of it are letters differs between releases of Unicode.
_WORD = re.compile(
    r"'(?:[sdmt]|ll|ve|re)| ?[A-Za-z\x80-\U0010ffff]+|[0-9]| ?[!-/:-@\[-`{-~]+"
    r"|[\x00-\x20\x7f]+(?![^\x00-\x20\x7f])|[\x00-\x20\x7f]+"
)
_BYTES_OF_UTF8 = [byte for byte in range(0xF5) if byte not in (0xC0, 0xC1)]
_REMEMBERED = 1 << 14


def places(count: int) -> list[int]:
    """Return the number in the model's file of each of `count` tokens."""
    found = list(range(count))
    found[END], found[START], found[LINE_END] = LINE_END, BETWEEN_DOCUMENTS, TURN
    return found


class BytePairs:
    """The tokens of a model, and the conversion between texts and token ids."""

    def __init__(self, tokens: Sequence[str], merges: Iterable[str], special: int) -> None:
        """Take tokens and merges as the model's file has them.

        Args:
            tokens: in the order of their numbers in the file.
            merges: two parts of a token, a space between them; the first to be joined comes first.
            special: number of tokens at the beginning of the file's list that stand for no text.
        """
        byte_of = {character: byte for byte, character in enumerate(_printable_bytes())}

        def spelled(token: str) -> bytes:
            return bytes(byte_of[character] for character in token)

        texts = [b"" if number < special else spelled(token) for number, token in enumerate(tokens)]
        texts[TURN] = texts[LINE_END]
        self._texts = [texts[number] for number in places(len(texts))]
        self._texts[END] = b""
        unspelled = [byte for byte in _BYTES_OF_UTF8 if bytes([byte]) not in texts]
        for token, byte in enumerate(unspelled, START + 1):
            self._texts[token] = bytes([byte])
        self._ids = {text: token for token, text in enumerate(self._texts) if text}
        self._ranks: dict[tuple[bytes, bytes], int] = {}
        for rank, merge in enumerate(merges):
            left, right = merge.split(" ")
            self._ranks[spelled(left), spelled(right)] = rank
        self._words = WordMemory(self._spell, _REMEMBERED)

    def __len__(self) -> int:
        return len(self._texts)

    def encode(self, text: str) -> list[int]:
        """Return the token ids of one utterance, `END` included."""
        return self._words.tokens(_WORD.findall(text))

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of the token ids of one utterance (without `END`).

        Raises:
            PayloadCorrupt: their bytes are not UTF-8.
        """
        try:
            return b"".join(self._texts[token] for token in ids).decode("utf-8")
        except UnicodeDecodeError as error:
            raise PayloadCorrupt("the payload's words spell bytes that are not UTF-8; it is damaged") from error

    def _spell(self, word: str) -> tuple[int, ...]:
        """Return the ids of one word: of all neighbors that can be joined, the first in the list of merges is."""
        none = len(self._ranks)

        def rank(left: bytes, right: bytes) -> int:
            return self._ranks.get((left, right), none)

        spelled = word.encode("utf-8")
        parts = (spelled[at : at + LONGEST_PART] for at in range(0, len(spelled), LONGEST_PART))
        return tuple(
            self._ids[piece] for part in parts for piece in join_neighbors([bytes([byte]) for byte in part], rank, none)
        )


def _printable_bytes() -> list[str]:
    """Return the character for each byte: itself if it can be printed, otherwise one from 256 on, in order."""
    printed = {*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)}
    others = iter(range(256, 512))
    return [chr(byte if byte in printed else next(others)) for byte in range(256)]
