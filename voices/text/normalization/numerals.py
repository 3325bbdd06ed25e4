"""Numbers as an American reads them; the words themselves are num2words' (LGPL-2.1-or-later)."""

from __future__ import annotations

import re

from num2words import num2words

LONGEST_NUMBER = 15
"""Longest number in digits; longer ones are read digit by digit."""
LONGEST_UNGROUPED = 6
"""The same for numbers without commas, unless they end in three zeros: 5551234 is a telephone number."""
DIGITS = "zero one two three four five six seven eight nine".split()


def cardinal(number: str) -> str:
    """Return the words for digits with or without commas; digit by digit behind a zero.

    Example:
        >>> cardinal("1,234"), cardinal("007")
        ('one thousand two hundred thirty-four', 'zero zero seven')
    """
    digits = number.replace(",", "")
    if len(digits) > LONGEST_NUMBER or (len(digits) > 1 and digits[0] == "0"):
        return each_digit(digits)
    return _american(num2words(int(digits)))


def ordinal(number: str) -> str:
    """Return "twenty-third" for 23."""
    digits = number.replace(",", "")
    return _american(num2words(int(digits), to="ordinal")) if len(digits) <= LONGEST_NUMBER else each_digit(digits)


def year(digits: str) -> str:
    """Return "nineteen oh-five" for 1905, "two thousand five" for 2005, "twenty twenty-four" for 2024."""
    return _american(num2words(int(digits), to="year"))


def each_digit(digits: str) -> str:
    """Return "nine one one" for 911."""
    return " ".join(DIGITS[int(digit)] for digit in digits)


def two_digits(digits: str) -> str:
    """Return "oh five" for 05, "forty-five" for 45: minutes and short years."""
    return f"oh {DIGITS[int(digits)]}" if digits[0] == "0" else cardinal(digits)


def decimal(number: str) -> str:
    """Return "three point one four" for 3.14, "point five" for .5."""
    whole, _, fraction = number.partition(".")
    words = cardinal(whole) if whole else ""
    return f"{words} point {each_digit(fraction)}".strip() if fraction else words


def bare_number(number: str) -> str:
    """Return the words for a number without context: a year if it looks like one."""
    if re.fullmatch(r"1[1-9]\d\d|20\d\d", number):
        return year(number)
    if len(number) > LONGEST_UNGROUPED and number.isdecimal() and not number.endswith("000"):
        return each_digit(number)
    return decimal(number)


def decade(century: str, tens: str) -> str:
    """Return "nineteen nineties" for 19 and 90, "nineties" without the century."""
    if tens == "00":
        return "two thousands" if century in ("", "20") else f"{year(century + tens)}s"
    words = cardinal(tens)
    words = f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"
    return f"{cardinal(century)} {words}" if century else words


def _american(words: str) -> str:
    return words.replace(",", "").replace(" and ", " ")
