"""Text as tokens: case folding, word pieces, and their inverse.

Three reversible steps lead from a text to token ids:

    "So John said OK."                       the text
    " so \\x01john said \\x03ok."              folded: a space in front, marks for capitals
    [" so", " \\x01john", " said", ...]       word pieces of the vocabulary
    [411, 2071, 530, ...]                    their ids

Folding makes an expected capital free. A word at the start of an utterance or after `.`, `?` or `!` is
expected to be capitalized, so is "I"; every other word is expected in lower case. A mark in front of a word
signals the unexpected case: `CAPITAL` (John), `LOWER` ("i", "iPhone" at the start) or `UPPER` (NASA).

Characters that the vocabulary does not know are spelled as the bytes of their UTF-8, one token a byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from ..errors import PayloadCorrupt

Piece = TypeVar("Piece", str, bytes)

END = 0
"""Token that ends an utterance."""
START = 1
"""Token that starts a conversation; never coded, only fed to the model."""
FIRST_BYTE = 2
"""Token of the byte 0x00; the 256 byte tokens follow each other."""
FIRST_PIECE = FIRST_BYTE + 256
"""First word piece: single characters first, then merged pieces, the most useful first."""

CAPITAL, LOWER, UPPER = "\x01", "\x02", "\x03"
MARKS = CAPITAL + LOWER + UPPER

# One cased run: NASA | John, john | A. The look-ahead leaves the capital that starts "Os" in "NATOs" to the next run.
_RUN = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]")
# Units that pieces never cross: a word with its space, mark and clitic; a number; other signs.
WORD = re.compile(r" ?[\x01-\x03]?[a-z]+(?:'[a-z]+)*| ?[0-9]+| ?[^ a-z0-9\x01-\x03]+|[\x01-\x03]| ")
LONGEST_PART = 40
"""Longer words are split, since the work grows with the square of the length."""
# Control characters: folding must not confuse them with a mark.
_LITERAL = re.compile(r"[\x00-\x1f]")
_LITERAL_OFFSET = 0xF0000  # a private plane: folded text holds control characters there, never in the clear


class _SentenceState:
    """Track whether the next word should be capitalized."""

    __slots__ = ("_ended", "capital")

    def __init__(self) -> None:
        self.capital = True
        self._ended = False

    def feed(self, text: str) -> None:
        """Advance over characters outside of a cased run."""
        for char in text:
            if char in ".?!":
                self._ended, self.capital = True, False
            elif char == " ":
                if self._ended:
                    self.capital, self._ended = True, False
            elif char not in "\"')]“”’":
                self.capital = self._ended = False

    def word(self) -> None:
        """Advance over a cased run."""
        self.capital = self._ended = False


def fold(text: str) -> str:
    """Return the text in lower case, with a space in front and marks for unexpected case.

    >>> fold("So John said OK. I agree.")
    ' so \\x01john said \\x03ok. i agree.'
    """
    if not text:
        return ""
    text = _LITERAL.sub(lambda match: chr(ord(match[0]) + _LITERAL_OFFSET), text)
    state = _SentenceState()
    parts = [" "]
    end = 0
    for match in _RUN.finditer(text):
        start, run = match.start(), match[0]
        state.feed(text[end:start])
        adjacent = start == end and start > 0
        if len(run) >= 2 and run.isupper():
            mark = UPPER
        elif run[0].isupper():
            expected = not adjacent and (state.capital or run == "I")
            mark = "" if expected else CAPITAL
        else:
            mark = LOWER if state.capital or adjacent or run == "i" else ""
        parts += text[end:start], mark, run.lower()
        state.word()
        end = match.end()
    parts.append(text[end:])
    return "".join(parts)


# The last of several marks counts; searching for the earlier ones would take quadratic time.
_FOLDED_RUN = re.compile(r"([\x01-\x03]?)([a-z]+)")


def unfold(folded: str) -> str:
    """Return the original text of a folded one; any string gives some text.

    >>> unfold(" so \\x01john said \\x03ok. i agree.")
    'So John said OK. I agree.'
    """
    folded = folded.removeprefix(" ")
    state = _SentenceState()
    parts: list[str] = []
    end = 0
    for match in _FOLDED_RUN.finditer(folded):
        between = folded[end : match.start()]
        state.feed(between)
        mark, run = match[1], match[2]
        if mark:
            run = run.upper() if mark == UPPER else run.capitalize() if mark == CAPITAL else run
        elif state.capital or run == "i":
            run = run.capitalize()
        parts += between, run
        state.word()
        end = match.end()
    parts.append(folded[end:])
    text = "".join(parts).translate({ord(mark): None for mark in MARKS})
    return re.sub(
        f"[{chr(_LITERAL_OFFSET)}-{chr(_LITERAL_OFFSET + 0x1F)}]",
        lambda match: chr(ord(match[0]) - _LITERAL_OFFSET),
        text,
    )


class WordMemory:
    """The tokens of words that have occurred. It bounds the memory of a long-lived coder."""

    def __init__(self, spell: Callable[[str], tuple[int, ...]], most: int) -> None:
        """Keep the tokens of `most` words at most; `spell` finds those of the others."""
        self._spell, self._most = spell, most
        self._known: dict[str, tuple[int, ...]] = {}

    def tokens(self, words: Iterable[str]) -> list[int]:
        """Return the token ids of the words of one utterance, `END` included."""
        ids: list[int] = []
        for word in words:
            known = self._known.get(word)
            if known is None:
                known = self._spell(word)
                if len(self._known) < self._most and len(word) <= LONGEST_PART:
                    self._known[word] = known
            ids += known
        ids.append(END)
        return ids


class Vocabulary:
    """The word pieces of a model, and the conversion between texts and token ids."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self.pieces = tuple(pieces)
        """The word pieces, in the order of their ids from `FIRST_PIECE` on."""
        self._ids = {piece: FIRST_PIECE + index for index, piece in enumerate(self.pieces)}
        self._words = WordMemory(self._spell, 1 << 16)

    def __len__(self) -> int:
        return FIRST_PIECE + len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """Return the token ids of one utterance, `END` included."""
        return self._words.tokens(WORD.findall(fold(text)))

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of the token ids of one utterance (without `END`).

        Raises:
            PayloadCorrupt: the byte tokens are not UTF-8.
        """
        return unfold(join_pieces(self.pieces, ids))

    def _spell(self, word: str) -> tuple[int, ...]:
        """Return the ids of one word: join the neighbors whose piece has the lowest id until none can be joined."""
        none = len(self)

        def rank(left: str, right: str) -> int:
            return self._ids.get(left + right, none)

        parts = (word[at : at + LONGEST_PART] for at in range(0, len(word), LONGEST_PART))
        return tuple(
            token for part in parts for token in split_pieces(join_neighbors(list(part), rank, none), self._ids)
        )


def join_neighbors(pieces: list[Piece], rank: Callable[[Piece, Piece], int], none: int) -> list[Piece]:
    """Return the pieces of a word after joining neighbors, always those of the lowest rank, the leftmost first.

    Args:
        pieces: of one word; they are changed.
        rank: tells the rank of two neighbors, `none` if they cannot be joined.
        none: larger than all ranks.
    """
    ranks = [rank(left, right) for left, right in pairwise(pieces)]
    while ranks and (best := min(ranks)) < none:
        at = ranks.index(best)
        pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
        del ranks[at]
        for near in range(max(at - 1, 0), min(at + 1, len(ranks))):
            ranks[near] = rank(pieces[near], pieces[near + 1])
    return pieces


def split_pieces(symbols: Iterable[str], known: Mapping[str, int]) -> Iterator[int]:
    """Yield the token ids of symbols: its id for one that is known, the bytes of the UTF-8 of any other."""
    for symbol in symbols:
        if symbol in known:
            yield known[symbol]
        else:
            yield from (FIRST_BYTE + byte for byte in symbol.encode("utf-8"))


def join_pieces(pieces: Sequence[str], ids: Iterable[int]) -> str:
    """Return the text of token ids: `pieces` from `FIRST_PIECE` on, and runs of byte tokens.

    Raises:
        PayloadCorrupt: the byte tokens are not UTF-8.
    """
    parts: list[str] = []
    spelled = bytearray()
    for token in ids:
        if token < FIRST_PIECE:
            spelled.append(token - FIRST_BYTE)
            continue
        if spelled:
            parts.append(_from_utf8(spelled))
            spelled.clear()
        parts.append(pieces[token - FIRST_PIECE])
    if spelled:
        parts.append(_from_utf8(spelled))
    return "".join(parts)


def _from_utf8(spelled: bytearray) -> str:
    """Return the characters that byte tokens spell.

    Raises:
        PayloadCorrupt: they are not UTF-8.
    """
    try:
        return spelled.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PayloadCorrupt("the text section spells bytes that are not UTF-8; the payload is damaged") from error
