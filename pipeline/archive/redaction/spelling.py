"""Spelled words without what people say between the letters: "j as in Juliet, um, d, o, e" is "j d o e"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .tokens import Token

SPELLING = {word[0].upper(): word for word in
            """alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec
            romeo sierra tango uniform victor whiskey xray yankee zulu""".split()}  # fmt: skip
SPELLED = {word: letter for letter, word in SPELLING.items()} | {"alfa": "A", "juliet": "J", "whisky": "W"}
HESITATIONS = frozenset("um uh er erm ah hmm mm".split())
EXPLAINED = (("as", "in"), ("like", "in"), ("for",), ("like",))
"""What stands between a letter and a word that begins with it."""
JOINTS = frozenset("at @ sign . dot point period _ underscore - dash hyphen + plus".split())
"""Between two of these, or beside them, a comma is only a breath."""


@dataclass(frozen=True, slots=True)
class CountedToken:
    """A token that counts, and where it stands in the stream."""

    token: Token
    first: int
    """Its index."""
    last: int
    """Index of the last token that belongs to it, such as "Juliet" in "j as in Juliet"."""


def spoken_tokens(tokens: Sequence[Token]) -> list[CountedToken]:
    """Return the tokens of a stream without hesitations, breaths between letters, and explanations of letters."""
    kept: list[CountedToken] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        last = _explanation_end(tokens, position)
        if token.lower not in HESITATIONS and not (token.text == "," and _is_breath(tokens, position, kept)):
            kept.append(CountedToken(token, position, last))
        position = last + 1
    return kept


def _explanation_end(tokens: Sequence[Token], position: int) -> int:
    """Return the last token of "j as in Juliet"; `position` where nothing explains the letter."""
    letter = tokens[position].lower
    if len(letter) == 1 and letter.isalpha():
        for words in EXPLAINED:
            example = position + 1 + len(words)
            between = tuple(token.lower for token in tokens[position + 1 : example])
            if between == words and example < len(tokens) and _begins(tokens[example], letter):
                return example
    return position


def _begins(example: Token, letter: str) -> bool:
    return len(example.lower) > 1 and example.lower.startswith(letter)


def _is_breath(tokens: Sequence[Token], comma: int, kept: Sequence[CountedToken]) -> bool:
    before = kept[-1].token.lower if kept else ""
    behind = (tokens[position].lower for position in range(comma + 1, len(tokens)))
    following = next((word for word in behind if word not in HESITATIONS), "")
    return (len(before) == 1 and before.isalnum()) or before in JOINTS or following in JOINTS
