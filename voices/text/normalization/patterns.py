"""Rules of normalization: a pattern and its replacement; and patterns that several groups of rules share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from re import Match

Words = Callable[[Match[str]], str]
Rule = tuple[re.Pattern[str], str | Words]
I = re.IGNORECASE  # noqa: E741


def rule(pattern: str, words: str | Words, flags: int = 0) -> Rule:
    """Return a rule; every repetition in `pattern` has to be bounded."""
    return re.compile(pattern, flags), words


def any_of(words: Iterable[str]) -> str:
    """Return a pattern for any of `words`, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def letters(text: str) -> str:
    """Return "P-M" for "p. m."."""
    return "-".join(letter.upper() for letter in text if letter.isalpha())


FREE = r"(?<![\w.,/:])"
"""Lookbehind: no character that would be part of the same number."""
NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,5}(?!\d)|\d{1,20}(?!\d))(?:\.\d{1,12}(?!\d))?"
HALF_OF_DAY = r"([ap]\.\s?m|[ap]m)\b(?:(?<=[.\s]m)\.)?"
MONTH = (
    r"(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)"
)
NOT_COUNTED = r"(?! (?:people|men|women|children|[a-z]{2,20}s)\b)"
"""Lookahead: the next word is not counted by the number."""
DETERMINER = r"\b(?:an?|the|this|that|my|his|her|our|your|their|one|every|each|another|some|no)"
