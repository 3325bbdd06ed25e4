"""Dates with a day and a month, in English and in figures."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from .digits import TENS, number_of, unit_at
from .tokens import Found, Token, find_each

MONTHS: dict[str, int] = dict(
    zip(
        "january february march april may june july august september october november december".split(),
        range(1, 13),
        strict=True,
    )
) | {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "nov": 11,
    "dec": 12,
}  # fmt: skip
ORDINALS: dict[str, int] = dict(
    zip(
        """first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
        fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth""".split(),
        [*range(1, 21), 30],
        strict=True,
    )
)
AMBIGUOUS = frozenset("may march mar second".split())
"""Also ordinary words: they are months only beside an ordinal, or with a day and a year."""
FIGURES = frozenset("/.-")
BIRTH_CUES = frozenset("birth birthday birthdate born dob".split())
NEAR = 12
"""How many tokens before or behind three numbers such a word makes a date of them."""
VERSION_CUES = frozenset("version versions release releases build firmware upgrade update updates".split())
"""Near such a word 2.4.17 is no date."""


def find_dates(tokens: Sequence[Token]) -> Iterator[Found]:
    """Yield dates: "May 5th", "the fifth of May nineteen ninety", "5/12/1990", "1990-05-12"."""
    return find_each("date", tokens, _date_at)


def _date_at(tokens: Sequence[Token], position: int) -> int | None:
    token = tokens[position]
    if token.text.isdecimal():
        figures = _figures_at(tokens, position)
        if figures is not None:
            return figures
    if token.lower in MONTHS:
        return _after_month(tokens, position)
    numbers = _numbers_at(tokens, position)
    if numbers is not None:
        return numbers
    start = position + (token.lower == "the")
    day, last, ordinal = _day(tokens, start)
    if not day:
        return None
    following = last + 1
    has_of = following < len(tokens) and tokens[following].lower == "of"
    following += has_of
    if following >= len(tokens) or tokens[following].lower not in MONTHS:
        return None
    if tokens[following].lower in AMBIGUOUS and not (ordinal or has_of or _year(tokens, following + 1)):
        return None
    return _year(tokens, following + 1) or following


def _after_month(tokens: Sequence[Token], position: int) -> int | None:
    following = position + 1
    if following < len(tokens) and tokens[following].text == ".":
        following += 1
    following += following < len(tokens) and tokens[following].lower == "the"
    day, last, ordinal = _day(tokens, following)
    if not day:
        return None
    year = _year(tokens, last + 1)
    plain = tokens[position].lower in AMBIGUOUS and not ordinal
    if plain and not year and not (tokens[position].text[0].isupper() and tokens[following].text.isdecimal()):
        return None
    return year or last


def _day(tokens: Sequence[Token], position: int) -> tuple[int, int, bool]:
    """Return the day of a month, its last token, and whether it is an ordinal; 0 if there is no day."""
    if position >= len(tokens):
        return 0, position, False
    lower = tokens[position].lower
    following = position + 1
    if lower in ORDINALS:
        return ORDINALS[lower], position, True
    if lower in TENS:
        ones = following + (following < len(tokens) and tokens[following].text == "-")
        if ones < len(tokens) and ORDINALS.get(tokens[ones].lower, 99) < 10:
            return 10 * int(TENS[lower]) + ORDINALS[tokens[ones].lower], ones, True
    unit = unit_at(tokens, position)
    if unit is None or not 1 <= number_of(unit.digits) <= 31:
        return 0, position, False
    after = unit.last + 1
    if after < len(tokens) and tokens[after].lower in ("st", "nd", "rd", "th"):
        return number_of(unit.digits), after, True
    return number_of(unit.digits), unit.last, False


def _year(tokens: Sequence[Token], position: int) -> int | None:
    """Return the last token of a year; None if there is none."""
    position += position < len(tokens) and tokens[position].text == ","
    position += position < len(tokens) and tokens[position].lower == "of"
    if position >= len(tokens):
        return None
    unit = unit_at(tokens, position)
    if unit is None:
        return None
    if unit.digits[:2] in ("19", "20") and len(unit.digits) == 2:  # "nineteen ninety", "twenty oh five"
        digits, last = unit.digits, unit.last
        while len(digits) < 4 and last + 1 < len(tokens):
            more = unit_at(tokens, last + 1)
            if more is None:
                break
            digits, last = digits + more.digits, more.last
        return last if len(digits) == 4 else None
    if unit.digits == "2000":  # "two thousand five"
        following = unit.last + 1
        following += following < len(tokens) and tokens[following].lower == "and"
        more = unit_at(tokens, following) if following < len(tokens) else None
        return more.last if more and len(more.digits) <= 2 else unit.last
    return unit.last if len(unit.digits) == 4 and unit.digits[:2] in ("18", "19", "20") else None


def _numbers_at(tokens: Sequence[Token], position: int) -> int | None:
    """Return the last token of a date of birth in numbers: "twelve, twenty-five, nineteen ninety"."""
    around = tokens[max(0, position - NEAR) : position + NEAR + 6]
    if BIRTH_CUES.isdisjoint(token.lower for token in around):
        return None
    values: list[int] = []
    while len(values) < 2:
        unit = unit_at(tokens, position) if position < len(tokens) else None
        if unit is None or not 1 <= number_of(unit.digits) <= 31:
            return None
        values.append(number_of(unit.digits))
        position = unit.last + 1
        position += position < len(tokens) and tokens[position].text in (",", "/", "-")
    return _year(tokens, position) if min(values) <= 12 else None


def _figures_at(tokens: Sequence[Token], position: int) -> int | None:
    """Return the last token of a date such as 5/12/1990, 5.12.90 or 1990-05-12."""
    piece = tokens[position : position + 5]
    if len(piece) < 5 or piece[1].text not in FIGURES or piece[3].text != piece[1].text:
        return None
    joined = all(left.end == right.start for left, right in itertools.pairwise(piece))
    numbers = [piece[0].text, piece[2].text, piece[4].text]
    if not joined or not all(number.isdecimal() for number in numbers):
        return None
    lengths = [len(number) for number in numbers]
    if piece[1].text == "." and max(lengths) < 3 and _is_version(tokens[max(0, position - NEAR) : position + 5 + NEAR]):
        return None
    values = [number_of(number) for number in numbers]
    if lengths[0] == 4 and 1 <= values[1] <= 12 and 1 <= values[2] <= 31:
        return position + 4
    both = 1 <= values[0] <= 31 and 1 <= values[1] <= 31 and min(values[:2]) <= 12
    return position + 4 if both and max(lengths[:2]) <= 2 and lengths[2] in (2, 4) else None


def _is_version(around: Sequence[Token]) -> bool:
    """Whether the words around three numbers speak of software, and of no day."""
    words = {token.lower for token in around}
    return not words.isdisjoint(VERSION_CUES) and words.isdisjoint(("date", "dated", "day", "on"))
