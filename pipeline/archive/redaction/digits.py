"""Digits as people say and write them: "four one two three", "forty-one 23", "double five", "eight hundred".

A run may be one number: its units have at most two small words or signs between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .tokens import Token, tokens_of

DIGITS = dict(zip("zero one two three four five six seven eight nine".split(), "0123456789", strict=True)) | {
    "naught": "0", "nought": "0", "oh": "0", "o": "0", "niner": "9", "fife": "5",
}  # fmt: skip
TEENS = dict(
    zip(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(),
        map(str, range(10, 20)),
        strict=True,
    )
)
TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), "23456789", strict=True)) | {
    "fourty": "4",
}  # fmt: skip
REPEATED = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
ZEROS = {"hundred": "00", "thousand": "000"}
MISHEARD = {"to": "2", "too": "2", "for": "4", "won": "1", "ate": "8"}
"""Words that a recognizer writes for digits; they count only between two other digits, one of them single or both of
three: not in "1912 to 1952"."""

FILLERS = frozenset(
    """
    and uh um er erm ah uhm hmm mm mhm okay ok yeah yes right so then dash hyphen space slash next followed by dot point
    minus that's its it's is again sorry
    """.split()
)
"""Words that people say between the digits of one number."""
MOST_FILLERS = 2
PAUSES = tuple(
    tuple(pause.split())
    for pause in (
        "hang on", "hold on", "one moment", "one second", "one sec", "just a moment", "just a second", "just a sec",
        "let me see", "let me check", "wait a moment", "wait a second", "wait", "where is it", "bear with me",
        "got that", "got it", "you got that", "you got it", "have you got that", "did you get that", "ready", "so far",
        "are you there", "you there", "with me", "you with me", "are you with me",
    )
)  # fmt: skip
"""What people say while they look for the rest of a number, or ask whether somebody follows."""
MOST_DIGITS = 18
"""So many digits of a number count in comparisons with days and with other numbers."""
SIGNS = frozenset(",.-–—/():;…'’\"?!*")


@dataclass(frozen=True, slots=True)
class Unit:
    """Digits that are said or written together."""

    digits: str
    """One or more."""
    first: int
    """Index of the first token."""
    last: int
    """Index of the last token."""


DigitRun = list[Unit]


def number_of(digits: str) -> int:
    """Return digits as a number, of a long one only its first `MOST_DIGITS`: `int` refuses thousands of digits."""
    return int(digits.lstrip("0")[:MOST_DIGITS] or "0")


def runs(tokens: Sequence[Token]) -> Iterator[DigitRun]:
    """Yield the runs of units of a stream."""
    run: DigitRun = []
    fillers, position = 0, 0
    while position < len(tokens):
        position = _behind_pause(tokens, position)
        if position == len(tokens):
            break
        unit = unit_at(tokens, position, len(run[-1].digits) if run and not fillers else 0)
        if unit:
            run.append(unit)
            fillers, position = 0, unit.last + 1
            continue
        token = tokens[position]
        position += 1
        if token.text in SIGNS:
            continue
        fillers += 1
        if run and (token.lower not in FILLERS or fillers > MOST_FILLERS):
            yield run
            run, fillers = [], 0
    if run:
        yield run


def _behind_pause(tokens: Sequence[Token], position: int) -> int:
    """Return the position behind the longest of `PAUSES` that begins at a token."""
    lengths = [
        len(pause)
        for pause in PAUSES
        if tuple(token.lower for token in tokens[position : position + len(pause)]) == pause
    ]
    return position + max(lengths, default=0)


def unit_at(tokens: Sequence[Token], position: int, before: int = 0) -> Unit | None:
    """Return the unit that begins at a token; None if none does.

    Args:
        tokens: the stream.
        position: index of the token.
        before: how many digits the unit has that ends right before it; 0 if none does.
    """
    word = tokens[position].lower
    following = position + 1
    if word.isdecimal() and word.isascii():
        return Unit(word + _zeros(tokens, following), position, _end(tokens, following))
    if word in REPEATED:
        is_number = following < len(tokens) and tokens[following].lower not in REPEATED  # not "double double"
        inner = unit_at(tokens, following) if is_number else None
        if inner and len(inner.digits) == 1:
            return Unit(inner.digits * REPEATED[word], position, inner.last)
        if inner and inner.digits[0] * len(inner.digits) != inner.digits and tokens[following].lower.isdecimal():
            return Unit(inner.digits[0] * (REPEATED[word] - 1) + inner.digits, position, inner.last)
        return None
    if word in DIGITS:
        return Unit(DIGITS[word] + _zeros(tokens, following), position, _end(tokens, following))
    if word in TEENS:
        return Unit(TEENS[word] + _zeros(tokens, following), position, _end(tokens, following))
    if word in TENS:
        ones = following + (following < len(tokens) and tokens[following].text == "-")
        if ones < len(tokens) and DIGITS.get(tokens[ones].lower, "0") != "0":
            digits = TENS[word] + DIGITS[tokens[ones].lower]
            return Unit(digits + _zeros(tokens, ones + 1), position, _end(tokens, ones + 1))
        return Unit(TENS[word] + "0", position, position)
    if word in MISHEARD and before and following < len(tokens) and (after := unit_at(tokens, following)):
        in_number = min(before, len(after.digits)) == 1 or (before == 3 and tokens[following].lower.isdecimal())
        return Unit(MISHEARD[word], position, position) if in_number else None
    return None


def _zeros(tokens: Sequence[Token], position: int) -> str:
    return ZEROS.get(tokens[position].lower, "") if position < len(tokens) else ""


def _end(tokens: Sequence[Token], position: int) -> int:
    return position if _zeros(tokens, position) else position - 1


def digits_of(run: DigitRun) -> str:
    """Return the digits of a run."""
    return "".join(unit.digits for unit in run)


def digits_in(text: str) -> str:
    """Return all digits that a text says, as one string.

    Example:
        >>> digits_in("forty-one double five, oh")
        '41550'
    """
    return "".join(map(digits_of, runs(tokens_of(0, text))))
