"""Addresses on the internet, abbreviations, titles and Roman numerals."""

from __future__ import annotations

import re
from re import Match

from .abbreviations import (
    ABBREVIATIONS,
    ADDRESS_SYMBOLS,
    BEFORE_NUMBERS,
    COUNTED,
    PHRASES,
    REGNAL,
    ROMAN,
    ROMAN_ALONE,
    SENTENCE_STARTERS,
    SPELLED_DOMAINS,
    TITLES,
    TITLES_ANYWHERE,
)
from .numerals import cardinal, each_digit, ordinal
from .patterns import I, any_of, letters, rule

_ENDS_SENTENCE = rf"(?=$|[\"')]|\s(?:{any_of(SENTENCE_STARTERS)})\b)"
_DOTTED = rf"(?<![\w.])((?:[A-Za-z]\.){{1,9}}[A-Za-z]|(?i:ph\.d|{any_of(ABBREVIATIONS)}))"
_NUMERAL_ONE = r"(?=[.,;:)!?]|$| (?:of|and|in|was|is|ended|began|by)\b)"
_SMALL_NUMERAL = any_of(numeral.lower() for numeral in ROMAN if len(numeral) > 1)
_ENDING = r"(?:com|org|net|edu|gov|info|co|io|ai|uk|de)(?:\.(?:uk|au|nz|jp|br))?"
_PATH = r"(?:/[^\s<>\"]{0,200})?"


def _address(found: Match[str]) -> str:
    address = found[0].rstrip(".,;:?!)'")
    ending = found[0][len(address) :]
    address = re.sub("^https?://", "", address, flags=re.IGNORECASE)
    words: list[str] = []
    for part in re.findall(r"[^\W\d_]{1,99}|\d{1,99}|[\W_]", address):
        if part.isdigit():
            words.append(cardinal(part) if len(part) < 3 else each_digit(part))
        elif part.lower() in SPELLED_DOMAINS:
            words.append(letters(part))
        else:
            words.append(ADDRESS_SYMBOLS.get(part, part if part.isalpha() else " "))
    return " ".join(words) + ending


def _roman(found: Match[str]) -> str:
    return f"{found[1]} {cardinal(_roman_value(found[2]))}".strip()


def _part_of(found: Match[str]) -> str:
    return f"{BEFORE_NUMBERS[found[1]]} {cardinal(_roman_value(found[2]))}"


def _regnal(found: Match[str]) -> str:
    return f"{found[1]} the {ordinal(_roman_value(found[2]))}"


def _roman_value(numeral: str) -> str:
    return str(list[str](ROMAN).index(numeral.upper()) + 1)


ADDRESSES = (
    rule(r"(?<![\w.])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", _address),
    rule(r"\b(?:https?://|www\.)[^\s<>\"]{1,200}", _address, I),
    rule(rf"(?<![\w.])[A-Za-z0-9][\w-]{{0,40}}(?:\.[\w-]{{1,40}}){{0,3}}\.{_ENDING}\b{_PATH}(?!\.?\w)", _address),
    rule(r"(?<!\w)@(?=\w)", "at "),
    rule(r"(?<!\w)#\s?(?=\d)", "number "),
    rule(r"(?<!\w)#(?=\w)", "hashtag "),
)  # fmt: skip
SHORT_FORMS = (
    # One period for the abbreviation, which the rules below take away, and one for the sentence.
    rule(rf"{_DOTTED}\.{_ENDS_SENTENCE}|\b([Ee]tc)\.(?= [A-Z])", lambda found: f"{found[0]}."),
    rule(rf"(?<![\w.])(?:{any_of(PHRASES)})(?!\w)", lambda found: PHRASES[found[0].lower()], I),
    rule(rf"\b({any_of(BEFORE_NUMBERS)})\.\s?(?=\d)", lambda found: BEFORE_NUMBERS[found[1]] + " "),
    rule(r"(\d{1,5} (?:[A-Z]\w{1,20} ){1,2})St\b(?:\.(?! [A-Z]))?", r"\1Street"),
    rule(r"(?<=[a-z]{2} )St\.(?! ?[A-Z])|(?<=[a-z]'s )St\.(?! ?[A-Z])", "Street"),
    rule(r"(?<=[a-z]{2} )Dr\.(?! ?[A-Z])", "Drive"),
    rule(rf"\b({any_of(TITLES)})\.\s?(?=(?-i:[A-Z])[\w'])", lambda found: TITLES[found[1].lower()] + " ", I),
    rule(rf"\b({any_of(TITLES_ANYWHERE)})\.\s?(?=[\w'])", lambda found: TITLES[found[1].lower()] + " ", I),
    rule(r"\b(Mr|Mrs|Ms|Dr|St)\b(?= [A-Z])", lambda found: TITLES[found[1].lower()]),
    rule(rf"\b({any_of(ABBREVIATIONS)})\.", lambda found: ABBREVIATIONS[found[1].lower()], I),
    rule(r"\b(Jr|Sr|vs|etc)\b", lambda found: ABBREVIATIONS[found[1].lower()]),
    rule(rf"\b({any_of(COUNTED)}) ({any_of(ROMAN[1:])}|I{_NUMERAL_ONE})(?!['.]?\w)", _roman),
    rule(rf"\b((?i:{any_of(COUNTED)})) ({_SMALL_NUMERAL})(?!['.]?\w)", _roman),
    rule(rf"\b(Vol|vol|Ch|ch|Fig|fig|Sec|Art)\.\s?({any_of(ROMAN)})(?!['.]?\w)", _part_of),
    rule(rf"\b({any_of(REGNAL)}) ({any_of(numeral for numeral in ROMAN if len(numeral) > 1)}|V|X)(?!\.\w|\w)", _regnal),
    rule(rf"(?<=\w )()({any_of(ROMAN_ALONE)})(?!['.]?\w)", _roman),
)
