"""Dictated text without what people say about it: "capital j as in Juliet, um, d, o, e, all one word" is "j d o e".

Signs have one name each: "at sign" is "@", "full stop" is "dot", "under score" is "underscore".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from .digits import DIGITS, PAUSES
from .tokens import Token

SPELLING = {word[0].upper(): word for word in
            """alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec
            romeo sierra tango uniform victor whiskey xray yankee zulu""".split()}  # fmt: skip
SPELLED = {word: letter for letter, word in SPELLING.items()} | {"alfa": "A", "juliet": "J", "whisky": "W"}
HESITATIONS = frozenset("um uh er erm ah uhm hmm mm".split())
JOINTS = frozenset("at @ dot point period _ underscore - dash hyphen minus + plus".split())
"""Between two of these, or beside them, a comma is only a breath, and so is a period at the end of an utterance."""
BREATHS = frozenset(",.?!…()")

_IT_IS = r"(?:(?:and|it's|that's|it is|that is|which is|this is) ){0,2}"
_AN_EXAMPLE = r"(?P<letter>[a-z]) (?:, )?(?:as in|like in|for|like|as) (?:the word )?(?P=letter)[a-z]+"
_ABOUT_LETTERS = r"(?:lower ?case|upper ?case|capital|small)(?: letters?)?"
_ASIDE = rf"""
    (?:,\ )? {_IT_IS.replace(" ", "[ ]")} (?:(?:all|in|as|written|spelled|spelt)\ ){{0,3}} (?:
        (?:one|a\ single)\ (?:long\ )?word | all\ together | run\ together | (?:all|in)\ (?:caps|capitals|small)
        | (?:lower|upper)\ ?case (?:\ letters)? (?!\ [a-z](?:\ |$))
        | no\ (?:spaces?|gaps|dots|hyphens|dashes|capitals|caps|punctuation)
        | with\ (?:an?|one|two|double|no|the)\ (?:capital\ |small\ |big\ |little\ )?[a-z](?:'?s)?
          (?:\ (?:on|at|in)\ the\ (?:end|beginning|middle))?
    ) (?:\ ,)?
"""
_BEFORE_LETTERS = r"(?=\ (?:(?:double|triple|capital)\ )?[a-z](?:\ [-,.])?\ (?:[a-z]|double|triple|dot)(?:\ |$))"
_DROPPED = re.compile(
    rf"""(?: {_ASIDE}
    | {"|".join(re.escape(" ".join(pause)) for pause in sorted(PAUSES, key=len, reverse=True))}
    | (?:,\ )? (?:(?:and|so)\ )? (?:that's|it's|that\ is|it\ is|which\ is|spelled|spelt) (?:\ (?:spelled|spelt))?
      (?:\ ,)? {_BEFORE_LETTERS}
    | (?:the\ )?(?:letters?|numbers?|digits?|numerals?|word|symbol)
      (?=\ (?:[a-z]|\d+|underscore|dot|dash|hyphen)(?:\ |$))
    )(?=\ |$)""",
    re.VERBOSE,
)
"""What is said about the letters, such as "all one word", "with a capital z" and "that's spelled" before letters."""
_EXAMPLE = re.compile(rf"{_AN_EXAMPLE}(?= |$)")
_CASE = re.compile(rf"{_ABOUT_LETTERS}(?= [a-z0-9]+(?: |$))")
"""Belongs to the letter or word behind it."""
_SIGNS = re.compile(
    r"(?:(?P<at>(?:the )?at (?:- )?(?:sign|symbol)|at ?the ?rate(?: of| sign)?)|(?P<dot>full stop|dot -)"
    r"|(?P<underscore>under (?:- )?score(?: sign)?)|(?P<dash>(?:dash|hyphen|minus) sign|minus)"
    r"|(?P<plus>plus sign))(?= |$)"
)
_DOT_AND_TOP = re.compile(r"dot(com|org|net|edu|gov|uk|co|info|biz)(?= |$)")


@dataclass(frozen=True, slots=True)
class CountedToken:
    """A token that counts, and where it stands in the stream."""

    token: Token
    first: int
    """Its index, or that of the words in front that belong to it, as in "capital j"."""
    last: int
    """Index of the last token that belongs to it, such as "Juliet" in "j as in Juliet"."""


def spoken_tokens(tokens: Sequence[Token]) -> list[CountedToken]:
    """Return the tokens of a stream without hesitations, breaths, and what is said about letters."""
    text = _Joined(tokens)
    kept: list[CountedToken] = []
    position = 0
    first = 0
    while position < len(tokens):
        token = tokens[position]
        if prefix := text.match(_CASE, position):
            position = text.behind(prefix)  # and `first` stays, where the letter's own words begin
            continue
        behind = position + 1
        if example := text.match(_EXAMPLE, position):
            behind = text.behind(example)
            kept.append(CountedToken(token, first, behind - 1))
        elif aside := text.match(_DROPPED, position) if kept else None:
            behind = text.behind(aside)
        elif sign := text.match(_SIGNS, position):
            behind = text.behind(sign)
            name = "@" if sign["at"] else str(sign.lastgroup)
            kept.append(CountedToken(replace(token, text=name, lower=name), first, behind - 1))
        elif top := text.match(_DOT_AND_TOP, position):
            kept += (CountedToken(replace(token, text=word, lower=word), first, position) for word in ("dot", top[1]))
        elif token.lower not in HESITATIONS and not _is_breath(tokens, position, kept):
            kept.append(CountedToken(token, first, position))
        position = first = behind
    return kept


class _Joined:
    """The tokens in lower case with a space between each two."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._text = " ".join(token.lower for token in tokens)
        self._starts = [0, *accumulate(len(token.lower) + 1 for token in tokens)]
        self._index = {start: number for number, start in enumerate(self._starts)}

    def match(self, pattern: re.Pattern[str], position: int) -> re.Match[str] | None:
        """Return what begins at a token and ends with one."""
        return pattern.match(self._text, self._starts[position])

    def behind(self, match: re.Match[str]) -> int:
        """Return the position behind what was matched."""
        return self._index[match.end() + 1]


def _is_breath(tokens: Sequence[Token], position: int, kept: Sequence[CountedToken]) -> bool:
    """Whether a comma, or the period of a letter or of an utterance's end, only parts what is dictated."""
    token = tokens[position]
    if token.text not in BREATHS:
        return False
    before = kept[-1].token.lower if kept else ""
    following = [token for token in tokens[position + 1 : position + 6] if token.lower not in HESITATIONS | {"-"}]
    after = following[0] if following else None
    beside_joint = before in JOINTS or (after is not None and after.lower in JOINTS)
    if token.text in "()":
        return beside_joint
    letters = [len(one.lower) == 1 and one.is_word for one in following[:2]]
    if token.text != ",":
        is_initial = token.text == "." and len(before) == 1 and before.isalpha()
        ends_utterance = after is not None and after.utterance != token.utterance
        return is_initial or (beside_joint and ends_utterance)
    return beside_joint or letters == [True, True] or (len(before) == 1 and before.isalnum()) or before in DIGITS
