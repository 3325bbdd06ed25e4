"""The words of one speaker as tokens with their positions. A number may go on in that speaker's next utterance."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ...types import Utterance

_LETTERS = r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f])*"  # with accents, which may be characters of their own
_TOKEN = re.compile(rf"\d+|{_LETTERS}(?:['’]{_LETTERS})*|[^\w\s]|_")

LONGEST_GAP_S = 15.0
"""Longest pause inside of a number: somebody may look it up while reading it out."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number or a sign."""

    text: str
    """As written."""
    lower: str
    """In lower case, its accents part of their letters."""
    utterance: int
    """Index of the utterance."""
    start: int
    """First character in the utterance's text."""
    end: int
    """Its end, exclusive."""

    @property
    def is_word(self) -> bool:
        """Whether it is made of letters."""
        return self.text[0].isalpha()


Kind = str
"""``card``, ``phone`` and so on."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something to redact in a stream of tokens."""

    kind: Kind
    """What it is."""
    first: int
    """Index of its first token."""
    last: int
    """Index of its last token."""


def tokens_of(number: int, text: str) -> list[Token]:
    """Return the tokens of one utterance."""
    return [
        Token(found[0], unicodedata.normalize("NFC", found[0].lower()), number, found.start(), found.end())
        for found in _TOKEN.finditer(text)
    ]


def streams(utterances: Sequence[Utterance]) -> Iterator[list[Token]]:
    """Yield each speaker's tokens, one list for each connected passage."""
    for speaker in sorted({said.speaker for said in utterances}):
        stream: list[Token] = []
        last_end_s = 0.0
        for number, said in enumerate(utterances):
            if said.speaker != speaker:
                continue
            if stream and said.start_s - last_end_s > LONGEST_GAP_S:
                yield stream
                stream = []
            stream += tokens_of(number, said.text)
            last_end_s = said.end_s
        if stream:
            yield stream


def find_each(
    kind: Kind, tokens: Sequence[Token], last_at: Callable[[Sequence[Token], int], int | None]
) -> Iterator[Found]:
    """Yield everything of a kind in a stream, in its order; no two overlap.

    Args:
        kind: what it is.
        tokens: the stream.
        last_at: returns the last token of the finding that starts at a token; None if none does.
    """
    position = 0
    while position < len(tokens):
        last = last_at(tokens, position)
        if last is None:
            position += 1
        else:
            yield Found(kind, position, last)
            position = last + 1
