"""English text as it is read aloud: numbers, dates, money, abbreviations and symbols turned into words.

    clean --> addresses --> abbreviations --> times, dates, money, measures --> numbers --> initialisms, symbols

Each step is a list of patterns and what to say for them, tried in order: what is more particular comes first. Every
repetition in them is bounded, so the time grows with the length of the text and no faster. Letters that are spelled out
are joined by hyphens ("F-B-I"), which keeps espeak-ng from taking the A among them for the article.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from re import Match

from .abbreviations import (
    ABBREVIATIONS,
    ADDRESS_SYMBOLS,
    BEFORE_NUMBERS,
    COUNTED,
    CURRENCIES,
    MONTH_OF,
    MONTHS,
    PER,
    PHRASES,
    REGNAL,
    ROMAN,
    ROMAN_ALONE,
    SCALES,
    SENTENCE_STARTERS,
    SPELLED,
    SPELLED_DOMAINS,
    SYMBOLS,
    TITLES,
    TITLES_ANYWHERE,
    UNITS,
    WEEKDAY_OF,
)
from .numerals import DIGITS, bare_number, cardinal, decade, decimal, each_digit, ordinal, two_digits, year
from .scripts import clean

Words = Callable[[Match[str]], str]


def spoken(text: str) -> str:
    """Return English `text` as words, hyphens, apostrophes and marks of punctuation; no digits, on one line.

    Args:
        text: any Unicode. Letters of other scripts are transliterated, emoji left out; see `scripts`.

    Example:
        >>> spoken("Dr. O'Neill at 3:45 p.m. paid $1,234.50")
        "Doctor O'Neill at three forty-five P-M paid one thousand two hundred thirty-four dollars and fifty cents"
    """
    text = clean(text)
    for pattern, words in _RULES:
        text = pattern.sub(words, text)
    return text.strip()


def _address(found: Match[str]) -> str:
    address = found[0].rstrip(".,;:?!)'")
    ending = found[0][len(address) :]
    address = re.sub("^https?://", "", address, flags=re.IGNORECASE)
    words: list[str] = []
    for part in re.findall(r"[^\W\d_]{1,99}|\d{1,99}|[\W_]", address):
        if part.isdigit():
            words.append(cardinal(part) if len(part) < 3 else each_digit(part))
        elif part.lower() in SPELLED_DOMAINS:
            words.append(_letters(part))
        else:
            words.append(ADDRESS_SYMBOLS.get(part, part if part.isalpha() else " "))
    return " ".join(words) + ending


def _letters(letters: str) -> str:
    """Return "P-M" for "p. m."."""
    return "-".join(letter.upper() for letter in letters if letter.isalpha())


def _initialism(found: Match[str]) -> str:
    return _letters(found[0])


def _initials(found: Match[str]) -> str:
    """Return "J-R-R Tolkien" for "J. R. R. Tolkien"."""
    return f"{found[1]}{_letters(found[2])} "


def _roman(found: Match[str]) -> str:
    return f"{found[1]} {cardinal(_roman_value(found[2]))}".strip()


def _regnal(found: Match[str]) -> str:
    return f"{found[1]} the {ordinal(_roman_value(found[2]))}"


def _roman_value(numeral: str) -> str:
    return str(list[str](ROMAN).index(numeral) + 1)


def _time(found: Match[str]) -> str:
    hour, minute, second, half = found.groups()
    words = [cardinal(str(int(hour)))]
    if int(minute):
        words.append(two_digits(minute))
    elif not half and not second:
        words.append("o'clock" if 1 <= int(hour) <= 12 else "hundred")
    if second:
        words.append(f"and {cardinal(str(int(second)))} second{'s' * (int(second) != 1)}")
    return " ".join(words) + (f" {_letters(half)}" if half else "")


def _hour(found: Match[str]) -> str:
    return f"{cardinal(str(int(found[1])))} {_letters(found[2])}"


def _named_date(found: Match[str]) -> str:
    return _date(MONTH_OF[found[1].lower()], found[2], found[3])


def _day_first(found: Match[str]) -> str:
    return f"the {ordinal(found[1])} of {MONTH_OF[found[2].lower()]}"


def _slashed_date(found: Match[str]) -> str:
    """Return 3/15/2024 in words: month first, as in America, unless only the second number can be the month."""
    month, day, of_year = int(found[1]), int(found[3]), found[4]
    return _numbered_date(*((day, month) if month > 12 else (month, day)), of_year, found)


def _iso_date(found: Match[str]) -> str:
    return _numbered_date(int(found[2]), int(found[3]), found[1], found)


def _numbered_date(month: int, day: int, of_year: str, found: Match[str]) -> str:
    if 1 <= month <= 12 and 1 <= day <= 31:
        return _date(MONTHS[month - 1], str(day), of_year)
    return " ".join(map(cardinal, found.groups()))


def _date(month: str, day: str, of_year: str | None) -> str:
    words = f"{month} {ordinal(day)}"
    if not of_year:
        return words
    return f"{words}, {year(of_year) if len(of_year) == 4 else two_digits(of_year)}"


def _telephone(found: Match[str]) -> str:
    return ("plus " if "+" in found[0] else "") + ", ".join(map(each_digit, re.findall(r"\d{1,9}", found[0])))


def _money(found: Match[str]) -> str:
    return _amount(found[1], found[2], found[3])


def _money_after(found: Match[str]) -> str:
    return _amount(found[3], found[1], found[2])


def _money_range(found: Match[str]) -> str:
    return f"{decimal(found[2])} to {_amount(found[1], found[3], found[4])}"


def _amount(sign: str, number: str, scale: str | None) -> str:
    one, many, small_one, small_many = CURRENCIES[sign]
    whole, _, fraction = number.partition(".")
    if scale or len(fraction) not in (0, 2):
        return f"{decimal(number)}{_scale(scale)} {many}"
    words = f"{cardinal(whole)} {one if whole == '1' else many}"
    if fraction in ("", "00"):
        return words
    cents = f"{cardinal(str(int(fraction)))} {small_one if fraction == '01' else small_many}"
    return cents if whole == "0" else f"{words} and {cents}"


def _scaled(found: Match[str]) -> str:
    return decimal(found[1]) + _scale(found[2] or found[3])


def _scale(scale: str | None) -> str:
    return f" {SCALES[scale]}" if scale else ""


def _measure(found: Match[str]) -> str:
    one, many = UNITS[found[2]]
    return f"{decimal(found[1])} {one if found[1] == '1' else many}"


def _fraction(found: Match[str]) -> str:
    """Return 3/4 as "three quarters", 1 1/2 as "one and a half", but 24/7 as "twenty-four seven"."""
    whole, above, below = found[1], int(found[2]), int(found[3])
    if not (0 < above < below and (below <= 10 or below in (12, 16, 20, 32, 64, 100)) and found[0] != "9/11"):
        return f"{cardinal(whole) + ' ' if whole else ''}{cardinal(found[2])} {cardinal(found[3])}"
    one = {2: "half", 4: "quarter"}.get(below, ordinal(str(below)))
    many = "halves" if below == 2 else f"{one}s"
    part = f"{cardinal(found[2])} {one if above == 1 else many}"
    if not whole:
        return part
    return f"{cardinal(whole)} and {'a half' if below == 2 else part}"


def _feet(found: Match[str]) -> str:
    return f"{cardinal(found[1])} foot {cardinal(found[2])}"


def _version(found: Match[str]) -> str:
    return " point ".join(map(cardinal, found[0].split(".")))


def _ordinal(found: Match[str]) -> str:
    return ordinal(found[1])


def _range(found: Match[str]) -> str:
    return f"{bare_number(found[1])} to {bare_number(found[2])}"


def _any(words: Iterable[str]) -> str:
    """Return a pattern for any of `words`, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _rule(pattern: str, words: str | Words, flags: int = 0) -> tuple[re.Pattern[str], str | Words]:
    return re.compile(pattern, flags), words


_I = re.IGNORECASE
_FREE = r"(?<![\w.,/:])"
"""Nothing before this that the number would be part of."""
_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,5}(?!\d)|\d{1,20}(?!\d))(?:\.\d{1,12}(?!\d))?"
_SCALE = r"(?:\s?(thousand|million|billion|trillion|[kKMBT](?!\w)|[mb]n?(?!\w)|tn(?!\w)))"
_MONTH = (
    r"(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)"
)
_HALF_OF_DAY = r"([ap]\.\s?m|[ap]m)\b(?:(?<=[.\s]m)\.)?"
_CLOCK = r"(?<![\w.,:])([01]?\d|2[0-4])"
_ENDS_SENTENCE = rf"(?=$|[\"')]|\s(?:{_any(SENTENCE_STARTERS)})\b)"
_DOTTED = rf"(?<![\w.])((?:[A-Za-z]\.){{1,9}}[A-Za-z]|(?i:ph\.d|{_any(ABBREVIATIONS)}))"
_NUMERAL_ONE = r"(?=[.,;:)!?]|$| (?:of|and|in|was|is|ended|began|by)\b)"
_UNIT = _any(UNITS)
_CURRENCY = "[" + "".join(CURRENCIES) + "]"
_ENDING = r"(?:com|org|net|edu|gov|info|co|io|ai|uk|de)(?:\.(?:uk|au|nz|jp|br))?"

_PATH = r"(?:/[^\s<>\"]{0,200})?"

_ADDRESSES = (
    _rule(r"(?<![\w.])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", _address),
    _rule(r"\b(?:https?://|www\.)[^\s<>\"]{1,200}", _address, _I),
    _rule(rf"(?<![\w.])[A-Za-z0-9][\w-]{{0,40}}(?:\.[\w-]{{1,40}}){{0,3}}\.{_ENDING}\b{_PATH}(?!\.?\w)", _address),
    _rule(r"(?<!\w)@(?=\w)", "at "),
    _rule(r"(?<!\w)#(?=\d)", "number "),
    _rule(r"(?<!\w)#(?=\w)", "hashtag "),
)  # fmt: skip
_SHORT_FORMS = (
    # One period for the abbreviation, which the rules below take away, and one for the sentence.
    _rule(rf"{_DOTTED}\.{_ENDS_SENTENCE}|\b([Ee]tc)\.(?= [A-Z])", lambda found: f"{found[0]}."),
    _rule(rf"(?<![\w.])(?:{_any(PHRASES)})(?!\w)", lambda found: PHRASES[found[0].lower()], _I),
    _rule(rf"\b({_any(BEFORE_NUMBERS)})\.\s?(?=\d)", lambda found: BEFORE_NUMBERS[found[1]] + " "),
    _rule(r"(\d{1,5} (?:[A-Z]\w{1,20} ){1,2})St\b(?:\.(?! [A-Z]))?", r"\1Street"),
    _rule(r"(?<=[a-z]{2} )St\.(?! ?[A-Z])", "Street"),
    _rule(r"(?<=[a-z]{2} )Dr\.(?! ?[A-Z])", "Drive"),
    _rule(rf"\b({_any(TITLES)})\.\s?(?=(?-i:[A-Z])[\w'])", lambda found: TITLES[found[1].lower()] + " ", _I),
    _rule(rf"\b({_any(TITLES_ANYWHERE)})\.\s?(?=[\w'])", lambda found: TITLES[found[1].lower()] + " ", _I),
    _rule(r"\b(Mr|Mrs|Ms|Dr|St)\b(?= [A-Z])", lambda found: TITLES[found[1].lower()]),
    _rule(rf"\b({_any(ABBREVIATIONS)})\.", lambda found: ABBREVIATIONS[found[1].lower()], _I),
    _rule(r"\b(Jr|Sr|vs|etc)\b", lambda found: ABBREVIATIONS[found[1].lower()]),
    _rule(rf"\b({_any(COUNTED)}) ({_any(ROMAN[1:])}|I{_NUMERAL_ONE})(?!['.]?\w)", _roman),
    _rule(rf"\b({_any(REGNAL)}) ({_any(numeral for numeral in ROMAN if len(numeral) > 1)}|V|X)(?!\.\w|\w)", _regnal),
    _rule(rf"(?<=\w )()({_any(ROMAN_ALONE)})(?!['.]?\w)", _roman),
)
_TIMES = (
    _rule(rf"{_CLOCK}[:.]([0-5]\d)(?:[:.]([0-5]\d))?\s?{_HALF_OF_DAY}", _time, _I),
    _rule(rf"{_CLOCK}:([0-5]\d)(?::([0-5]\d))?()(?![\d:])", _time),
    _rule(rf"(?<![\w.,:])(\d{{1,2}})\s?{_HALF_OF_DAY}", _hour, _I),
)
_DATES = (
    _rule(r"(?<![\w/.-])(\d{1,2})([/.])(\d{1,2})\2(\d{4}|\d{2})(?![\w/])", _slashed_date),
    _rule(r"(?<![\w-])(\d{4})-(\d{2})-(\d{2})(?![\d-])", _iso_date),
    _rule(rf"\b({_any(WEEKDAY_OF)})\.(?=,| \d| [A-Z][a-z]{{2,9}}\.? \d)", lambda found: WEEKDAY_OF[found[1]]),
    _rule(rf"\b{_MONTH}\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (1\d{{3}}|20\d\d)(?![\d,]\d|\d)", _named_date),
    _rule(rf"\b{_MONTH}\.? ([12]?\d|3[01])(?:st|nd|rd|th)?()(?![\w:%]|[.,]\d)", _named_date),
    _rule(rf"(?:\bthe )?\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH}\b\.?", _day_first),
    _rule(r"\b(Jan|Feb|Apr|Aug|Sept|Sep|Oct|Nov|Dec)\.", lambda found: MONTH_OF[found[1].lower()]),
    _rule(r"(?<![\w.,])'?(1[1-9]|20)?([1-9]0|00)'?s\b", lambda found: decade(found[1] or "", found[2])),
    _rule(r"(?<!\w)'(\d\d)\b", lambda found: two_digits(found[1])),
)  # fmt: skip
_TELEPHONES = (
    _rule(r"(?<![\w.,-])(?:\+\d{1,3}[ .-]|1-)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])", _telephone),
    _rule(r"(?<![\w.,-])\+\d{1,4}(?:[ .-]\d{2,5}){2,5}(?![\w-])", _telephone),
    _rule(r"(?<![\w.,-])\d{3}-\d{4}(?![\w-])", _telephone),
)
_MEASURES = (
    _rule(rf"(?:\b(?:US|CA|NZ|A|C))?({_CURRENCY})({_NUMBER})\s?[-–]\s?\1?({_NUMBER}){_SCALE}?", _money_range),
    _rule(rf"(?:\b(?:US|CA|NZ|A|C))?({_CURRENCY})\s?({_NUMBER}){_SCALE}?", _money),
    _rule(rf"{_FREE}({_NUMBER}){_SCALE}?\s?({_CURRENCY})(?!\d)", _money_after),
    _rule(r"(?<![\w.,/])(\d{1,2})'\s?(\d{1,2})(?:\"|''|(?!\w))", _feet),
    _rule(rf"(?<=\d)\s?[-–]\s?(?=\d{{1,9}}(?:\.\d{{1,9}})?\s?(?:{_UNIT})(?!\w))", " to "),
    _rule(rf"(?<![\w.,/:)-])[-–](?=\.?{_NUMBER})", "minus "),
    _rule(rf"{_FREE}({_NUMBER})\s?({_UNIT})(?![\w'/])", _measure),
    _rule(rf"{_FREE}({_NUMBER})(?:\s(thousand|million|billion|trillion)|([kKM]))(?!\w)", _scaled),
    _rule(rf"(?<=\w)/({_any(PER)})\b", lambda found: f" per {PER[found[1]]}"),
)  # fmt: skip
_NUMBERS = (
    _rule(rf"{_FREE}(\d{{1,3}}(?:,\d{{3}}){{1,4}}|\d{{1,15}})(?:st|nd|rd|th)\b", _ordinal, _I),
    _rule(r"(?<![\w.,/])(?:(\d{1,3}) )?(\d{1,3})/(\d{1,3})(?![\w/])", _fraction),
    _rule(r"(?<![\w.])\d{1,5}(?:\.\d{1,5}){2,5}(?!\w)", _version),
    _rule(rf"{_FREE}({_NUMBER})\s?[-–—]\s?({_NUMBER})(?![\w-]|\.\d)", _range),
    _rule(rf"{_FREE}({_NUMBER})\s?[x×]\s?(?={_NUMBER})", lambda found: decimal(found[1]) + " by "),
    _rule(rf"{_FREE}({_NUMBER})\s?[x×](?!\w)", lambda found: decimal(found[1]) + " times"),
    _rule(rf"{_FREE}({_NUMBER})\s?:\s?(?={_NUMBER}(?![:\d]))", lambda found: decimal(found[1]) + " to "),
    _rule(r"(?<=\d)\^(?=-?\d)", " to the "),
    _rule(r"(?<![\w.,])\.\d{1,12}(?!\d)", lambda found: decimal(found[0])),
    # Letters and digits apart: P52, COVID-19, 3-D, but 43-year-old.
    _rule(r"(?<=[^\W\d_])-?(?=\d)|(?<=\d)-(?=[^\W\d_]{1,2}-\d|[A-Z]\b)|(?<=\d)(?=[^\W\d_])", " "),
    _rule(rf"(?<![\d.]){_NUMBER}", lambda found: bare_number(found[0])),
    _rule(r"\d", lambda found: f" {DIGITS[int(found[0])]} "),
)  # fmt: skip
_INITIALISMS = (
    _rule(r"(?<![\w.])(?:[A-Za-z]\.){2,10}", _initialism),
    _rule(
        r"(^|[.,;:!?(\"] ?|\b(?!Plan |Part |Type |Class |Group |Team |Vitamin |Grade |Exhibit )[A-Z][a-z]\w{0,20} )"
        r"((?:[A-Z]\. ?){1,4})(?=[A-Z][\w'])",
        _initials,
    ),
    _rule(rf"\b(?:{_any(SPELLED)})\b", _initialism),
    _rule(r"\b([A-Z]{1,3})&([A-Z])\b", lambda found: f"{_letters(found[1])} and {found[2]}"),
)
_SYMBOLS = (
    _rule(r"\band ?/ ?or\b", "and or"),
    _rule(r"&amp;", "&"),
    _rule(r"~(?=\s?\w)", "about "),
    _rule(r"(?<=\s)<(?=\s)", "less than"),
    _rule(r"(?<=\s)>(?=\s)", "greater than"),
    _rule(f"[{re.escape(''.join(SYMBOLS))}]", lambda found: f" {SYMBOLS[found[0]]} "),
    _rule(r"[^\w\s.,;:?!'\"()\[\]–—-]|_", " "),
    _rule(r"([,;:])(?=[^\W\d_])", r"\1 "),
    _rule(r"\s+", " "),
    _rule(r" (?=[.,;:?!])", ""),
)
_RULES = (
    *_ADDRESSES, *_SHORT_FORMS, *_TIMES, *_DATES, *_TELEPHONES, *_MEASURES, *_NUMBERS, *_INITIALISMS, *_SYMBOLS,
)  # fmt: skip
