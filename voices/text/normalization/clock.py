"""Times, durations and dates as an American reads them."""

from __future__ import annotations

import re
from re import Match

from .abbreviations import MONTH_OF, MONTHS, WEEKDAY_OF
from .numerals import cardinal, decade, each_digit, ordinal, two_digits, year
from .patterns import FREE, HALF_OF_DAY, MONTH, NOT_COUNTED, I, any_of, letters, rule

ZONES = "PST EST CST MST PDT EDT CDT MDT ET PT CT MT UTC GMT CET CEST BST IST JST".split()
PARTS = {"d": "day", "h": "hour", "hr": "hour", "hrs": "hour", "m": "minute", "min": "minute", "mins": "minute",
         "s": "second", "sec": "second", "secs": "second"}  # fmt: skip
"""Units of a span of time of several parts: in "3m 20s", m is a minute."""
_CLOCK = r"(?<![\w.,:])([01]?\d|2[0-4])"
_DASH = r"\s?[-–—]\s?"
_HALF = r"(?:[ap]\.\s?m\.?|[ap]m)"
_DAY = r"([12]?\d|3[01])(?:st|nd|rd|th)?"
_WEEKDAY = rf"({any_of({*WEEKDAY_OF, *WEEKDAY_OF.values()})})"
_ERA = r"(?:AD|BC|CE|BCE|A\.D|B\.C|A-D|B-C|B-C-E|C-E)"


def _time(found: Match[str]) -> str:
    hour, minute, second, half = found.groups()
    words = [cardinal(str(int(hour)))]
    if int(minute):
        words.append(two_digits(minute))
    elif not half and not second:
        words.append("o'clock" if 1 <= int(hour) <= 12 else "hundred")
    if second:
        words.append(f"and {cardinal(str(int(second)))} second{'s' * (int(second) != 1)}")
    return " ".join(words) + (f" {letters(half)}" if half else "")


def _instant(found: Match[str]) -> str:
    """Return "2024-01-02 at 10:30 UTC" for 2024-01-02T10:30:00Z."""
    seconds = "" if found[3] in (None, "00") else f":{found[3]}"
    return f"{found[1]} at {found[2]}{seconds}{' UTC' if found[4] else ''}"


def _hour(found: Match[str]) -> str:
    return f"{cardinal(str(int(found[1])))} {letters(found[2])}"


def _military(found: Match[str]) -> str:
    hour, minute = found[1], found[2]
    said = f"zero {cardinal(hour[1])}" if hour[0] == "0" else cardinal(hour)
    return f"{said} {'hundred' if minute == '00' else two_digits(minute)} hours"


def _span(found: Match[str]) -> str:
    """Return "one hour thirty minutes" for 1h 30m."""
    parts: list[str] = []
    for count, unit in re.findall(r"(\d{1,4})\s?([a-z]{1,4})", found[0]):
        parts.append(f"{cardinal(count)} {PARTS[unit]}{'s' * (int(count) != 1)}")
    return " ".join(parts)


def _hours_and(found: Match[str]) -> str:
    return f"{cardinal(found[1])} hour{'s' * (found[1] != '1')} {two_digits(found[2])}"


def _named_date(found: Match[str]) -> str:
    return _date(MONTH_OF[found[1].lower()], found[2], found[3])


def _day_first(found: Match[str]) -> str:
    return f"{found[1] or 'the'} {ordinal(found[2])} of {MONTH_OF[found[3].lower()]}"


def _days(found: Match[str]) -> str:
    return f"{MONTH_OF[found[1].lower()]} {ordinal(found[2])} to {ordinal(found[3])}"


def _days_first(found: Match[str]) -> str:
    return f"the {ordinal(found[1])} to the {ordinal(found[2])} of {MONTH_OF[found[3].lower()]}"


def _dates(found: Match[str]) -> str:
    first, second = MONTH_OF[found[1].lower()], MONTH_OF[found[3].lower()]
    return f"{first} {ordinal(found[2])} to {second} {ordinal(found[4])}"


def _months(found: Match[str]) -> str:
    return f"{MONTH_OF[found[1].lower()]} to {MONTH_OF[found[2].lower()]}"


def _weekdays(found: Match[str]) -> str:
    join = " to " if found[2].strip() in "-–—" else " and "
    return f"{WEEKDAY_OF.get(found[1], found[1])}{join}{WEEKDAY_OF.get(found[3], found[3])}"


def _slashed_date(found: Match[str]) -> str:
    """Return 3/15/2024 in words: month first, as in America, unless only the second number can be the month."""
    month, day, of_year = int(found[1]), int(found[3]), found[4]
    return _numbered_date(*((day, month) if month > 12 else (month, day)), of_year, found)


def _iso_date(found: Match[str]) -> str:
    return _numbered_date(int(found[2]), int(found[3]), found[1], found)


def _numbered_date(month: int, day: int, of_year: str, found: Match[str]) -> str:
    if 1 <= month <= 12 and 1 <= day <= 31:
        return _date(MONTHS[month - 1], str(day), of_year)
    return " ".join(cardinal(number) for number in found.groups() if number.isdigit())  # no date


def _date(month: str, day: str, of_year: str | None) -> str:
    words = f"{month} {ordinal(day)}"
    if not of_year:
        return words
    return f"{words}, {year(of_year) if len(of_year) == 4 else two_digits(of_year)}"


def _year(found: Match[str]) -> str:
    digits = found[2]
    if digits.startswith("10") and len(digits) == 4 and digits != "1000":
        return f"{found[1]} ten {two_digits(digits[2:])}"  # num2words says "one thousand sixty-six"
    return f"{found[1]} {year(digits) if len(digits) == 4 else pair(digits)}"


def pair(digits: str) -> str:
    """Return "two thirty-seven" for 237, "one oh one" for 101, "three hundred" for 300."""
    if len(digits) != 3:
        return year(digits) if len(digits) == 4 else cardinal(digits)
    if digits[0] == "0":
        return each_digit(digits)
    return f"{cardinal(digits[0])} {'hundred' if digits[1:] == '00' else two_digits(digits[1:])}"


TIMES = (
    rule(
        r"(?<![\w-])(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z)?(?![\w:])",
        _instant,
    ),
    # Ranges first: the dash becomes "to".
    rule(
        rf"(?<![\w.,:-])(\d{{1,2}}(?::[0-5]\d)?\s?(?:{_HALF})?){_DASH}(?=\d{{1,2}}(?::[0-5]\d)?\s?{_HALF}\b)",
        r"\1 to ",
        I,
    ),
    rule(rf"(?<![\w.,:-])(\d{{1,2}}:[0-5]\d){_DASH}(?=\d{{1,2}}:[0-5]\d(?!\d))", r"\1 to "),
    rule(rf"\b(noon|midnight|now){_DASH}(?=\d)", r"\1 to ", I),
    rule(rf"(\d\s?(?i:{_HALF})?) ({any_of(ZONES)})\b", lambda found: f"{found[1]} {letters(found[2])}"),
    rule(rf"{_CLOCK}[:.]([0-5]\d)(?:[:.]([0-5]\d))?\s?{HALF_OF_DAY}", _time, I),
    rule(rf"{_CLOCK}:([0-5]\d)(?::([0-5]\d))?()(?![\d:])", _time),
    rule(rf"(?<![\w.,:])(\d{{1,2}})\s?{HALF_OF_DAY}", _hour, I),
    rule(r"(?<![\w.,:])([01]\d|2[0-3])([0-5]\d) hours\b", _military),
    rule(
        rf"{FREE}(?<!-)\d{{1,4}}\s?(?:d|hr?s?|m|mins?|secs?)(?:\s?\d{{1,2}}\s?(?:hr?s?|m|mins?|s|secs?)){{1,3}}(?![\w'])",
        _span,
    ),
    rule(rf"{FREE}(\d{{1,2}})h([0-5]\d)(?!\w)", _hours_and),
)
DATES = (
    rule(r"(?<![\w/.-])(\d{1,2})([/.])(\d{1,2})\2(\d{4}|\d{2})(?![\w/])", _slashed_date),
    rule(r"(?<![\w-])(\d{4})-(\d{2})-(\d{2})(?![\d-])", _iso_date),
    rule(r"(?<![\w/.-])(\d{4})/(\d{1,2})/(\d{1,2})(?![\d/])", _iso_date),
    rule(rf"\b{_WEEKDAY}\.?(\s?[-–—&]\s?){_WEEKDAY}\b\.?", _weekdays),
    rule(rf"\b({any_of(WEEKDAY_OF)})\.(?=,| \d| [A-Z][a-z]{{2,9}}\.? \d)", lambda found: WEEKDAY_OF[found[1]]),
    rule(rf"\b{MONTH}\.?{_DASH}{MONTH}\b", _months),
    rule(rf"\b{MONTH}\.? {_DAY}{_DASH}{MONTH}\.? {_DAY}(?![\w:%]|[.,]\d)", _dates),
    rule(rf"\b{MONTH}\.? {_DAY}{_DASH}{_DAY}(?![\w:%-]|[.,]\d)", _days),
    rule(rf"(?<![\w.,:-]){_DAY}{_DASH}{_DAY} {MONTH}\b", _days_first),
    rule(rf"\b{MONTH}\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (1\d{{3}}|20\d\d)(?![\d,]\d|\d)", _named_date),
    rule(rf"\b{MONTH}\.? ([12]?\d|3[01])(?:st|nd|rd|th)?()(?![\w:%]|[.,]\d)", _named_date),
    rule(rf"(?:\b([Tt]he) )?\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{MONTH}\b\.?", _day_first),
    rule(r"\b(Jan|Feb|Apr|Aug|Sept|Sep|Oct|Nov|Dec)\.", lambda found: MONTH_OF[found[1].lower()]),
    rule(rf"(?<=\d )({_ERA})\b\.?|\b(AD)(?= \d)", lambda found: letters(found[0])),
    # Years that look like numbers: "in 1066", "in 476 BC".
    rule(r"\b(born |b\. ?)(?=1\d{3}\b|20\d\d\b)", "born "),
    rule(r"\b(died |d\. ?)(?=1\d{3}\b|20\d\d\b)", "died "),
    rule(rf"\b((?i:in|since|by|until|from|before|after|year)) (1\d{{3}})(?![,.:%$°-]?[\w%]){NOT_COUNTED}", _year),
    rule(rf"\b([Ii]n|[Ss]ince|[Yy]ear|A-D) (\d{{3}})(?=[,;!?)]|\.?$|\. [A-Z]| {_ERA}\b)", _year),
    rule(r"(?<=\d0s)\s?[-–]\s?(?='?\d{2})", " to "),
    rule(r"(?<![\w.,])'?(1[1-9]|20)?([1-9]0|00)'?s\b", lambda found: decade(found[1] or "", found[2])),
    rule(r"(?<!\w)'(\d\d)\b", lambda found: two_digits(found[1])),
)  # fmt: skip
