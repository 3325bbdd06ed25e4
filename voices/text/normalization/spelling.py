"""Words that are spelled: letters and digits one by one, and the spelling alphabet of radio."""

from __future__ import annotations

from re import Match

from .numerals import each_digit
from .patterns import I, any_of, rule

ALPHABET = (
    "alfa alpha bravo charlie delta echo foxtrot golf hotel india juliett juliet kilo lima mike november oscar papa "
    "quebec romeo sierra tango uniform victor whiskey whisky x-ray xray yankee zulu"
).split()
"""The spelling alphabet of ICAO and ITU, with variant spellings."""


def _spelled(found: Match[str]) -> str:
    """Return "B-nine-two" for "B-9-2" and "b 9 2"."""
    symbols = filter(str.isalnum, found[0])
    return "-".join(each_digit(symbol) if symbol.isdecimal() else symbol.upper() for symbol in symbols)


def _call_sign(found: Match[str]) -> str:
    return found[1] + each_digit("".join(filter(str.isdecimal, found[2])))


_WORD = f"(?:{any_of(ALPHABET)})"

SPELLING = (
    rule(r"(?<![\w'-])[A-Za-z\d](?:-[A-Za-z\d]){2,30}(?![\w-])", _spelled),
    rule(r"(?<![\w'-])[A-Za-z](?: [A-Za-z]){2,30}(?![\w'-])", _spelled),
    # "Alfa Bravo 4-7" is a call sign, and no range. One word is not enough: "India 2-1" is a result.
    rule(rf"\b({_WORD}(?:[ -]{_WORD}){{1,9}}[ -])(\d(?:[ -]?\d){{0,6}})(?![\w-])", _call_sign, I),
)
