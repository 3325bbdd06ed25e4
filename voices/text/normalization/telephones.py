"""Numbers that identify: telephones, emergency services, codes, postal codes, rooms, roads and houses."""

from __future__ import annotations

import re
from re import Match

from .clock import pair
from .numerals import cardinal, each_digit
from .patterns import I, any_of, letters, rule

SERVICES = "911 112 999 988 111 101 211 311 411 511 611 711 811".split()
"""Telephone numbers of services, which are read digit by digit."""
STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho",
    "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine",
    "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi",
    "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey",
    "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma",
    "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
    "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington",
    "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming", "DC": "D-C",
}  # fmt: skip
STREETS = {
    "St": "Street", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Dr": "Drive", "Ln": "Lane", "Ct": "Court",
    "Pl": "Place", "Pkwy": "Parkway", "Hwy": "Highway", "Sq": "Square", "Ter": "Terrace",
}  # fmt: skip
DIRECTIONS = {"N": "North", "S": "South", "E": "East", "W": "West", "NE": "Northeast", "NW": "Northwest",
              "SE": "Southeast", "SW": "Southwest"}  # fmt: skip
_NUMBERED = (
    "room flight route highway interstate bus apartment apt suite ext extension boeing airbus gate unit exit bed ward "
    "studio channel train tram line"
).split()
_NAMES = {"ext": "extension", "apt": "apartment"}
_STREET = rf"(?:{any_of({*STREETS, *STREETS.values()})})"
_CALL = r"(?:(?:call|phon|text|contact)(?:e?[ds]|e|ing|s)?|dial(?:s|l?ed|l?ing)?|r[aiu]ng)"


def _telephone(found: Match[str]) -> str:
    groups = re.findall(r"\d{1,9}", found[0])
    return ("plus " if "+" in found[0] else "") + ", ".join(map(_group, groups))


def _group(digits: str) -> str:
    """Return "eight hundred" for 800, all else digit by digit."""
    hundreds = len(digits) == 3 and digits[0] != "0" and digits.endswith("00")
    return cardinal(digits) if hundreds else each_digit(digits)


def _service(found: Match[str]) -> str:
    return f"{found[1]}{each_digit(found[2])}"


def _services(found: Match[str]) -> str:
    return ", ".join(map(each_digit, re.findall(r"\d{3}", found[0])))


def _identifier(found: Match[str]) -> str:
    """Return the digits of long numbers such as 123-45-6789, and the numbers of shorter ones such as 10-20-30."""
    groups = re.findall(r"\d{1,9}", found[0])
    return ", ".join(map(each_digit if sum(map(len, groups)) >= 8 else cardinal, groups))


def _code(found: Match[str]) -> str:
    return f"{found[1]}{', '.join(map(each_digit, re.findall(r'[0-9]{1,12}', found[2])))}"


def _numbered(found: Match[str]) -> str:
    carrier = f"{letters(found[2])} " if found[2] else ""
    return f"{_NAMES.get(found[1].lower(), found[1])} {carrier}{pair(found[3])}"


def _house(found: Match[str]) -> str:
    digits, letter, direction = found[1], found[2], found[3]
    number = pair(digits) if len(digits) in (3, 4) and digits[0] != "0" else cardinal(digits)
    return f"{number}{' ' + letter if letter else ''} {DIRECTIONS[direction] + ' ' if direction else ''}"


def _street(found: Match[str]) -> str:
    return f"{found[1]}{STREETS[found[2]]}"


def _state(found: Match[str]) -> str:
    return f"{found[1]}{STATES[found[2]]}"


_NAME = r"(?:[A-Z][\w']{1,20}|\d{1,3}(?:st|nd|rd|th))"
TELEPHONES = (
    rule(r"(?<=-\d{4}) ?x(?=\d{1,5}(?!\w))", " extension "),
    rule(r"(?<![\w.,-])(?:\+\d{1,3}[ .-]|1-)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])", _telephone),
    rule(r"(?<![\w.,-])\+\d{1,4}(?:[ .-]\(?\d{2,8}\)?){1,5}(?![\w-])", _telephone),
    rule(r"(?<![\w.,-])\(?0\d{2,4}\)?(?:[ -]\d{3,8}){1,2}(?![\w-]|[.,]\d)", _telephone),
    rule(r"(?<![\w.,-])\d{3}-\d{4}(?![\w-])", _telephone),
    rule(r"(?<![\w.,-])1-(8\d\d)-(?=[A-Z]{2})", lambda found: f"one {_group(found[1])} "),
    rule(r"(?<![\w.,/:-])\d{1,6}(?:-\d{1,7}){2,5}(?![\w-])", _identifier),
    rule(r"(?<![\w.,/:-])\d{4}(?:[ -]\d{4}){3}(?![\w-])", _identifier),
    rule(rf"(?<![\w.,/:-])(?:{any_of(SERVICES)})(?:\s?/\s?(?:{any_of(SERVICES)})){{1,4}}(?![\w/])", _services),
    rule(rf"\b({_CALL} )({any_of(SERVICES)})\b(?![.,:-]?\d| [a-z]{{2,20}}s\b)", _service, I),
    rule(
        rf"()\b({any_of(SERVICES)})(?= (?:call(?:ers?|s)?|operators?|dispatch(?:ers?)?|emergency)\b)",
        _service,
    ),
    rule(
        r"(?<![\w.,$€£/:-])()(911)(?![\w%°/:-]|[.,]\d| [a-z]{2,20}s\b| (?:people|men|women|children|miles|million)\b)",
        _service,
    ),
    rule(
        r"\b((?:(?i:pin|code|passcode|password|zip(?: code)?)|OTP)(?: number)?(?: is| was|:)? )"
        r"(\d{3,12}(?:-\d{1,12})?)(?![\w,]|\.\d)",
        _code,
    ),
    rule(
        rf"((?:, | in )|\b[A-Z][a-z]{{1,20}} )({any_of(STATES)})(?= \d{{5}}\b|$|[.,!?](?:\s|$))(?<! OK)(?<! ME)", _state
    ),
    rule(rf"(\b(?:{any_of({*STATES.values()})}|D\.C\.),? )(\d{{5}}(?:-\d{{4}})?)(?![\w,]|\.\d)", _code),
    rule(r"(\b(?:[A-Z][a-z]{2,20} ){1,2}|^)(?<!In )(\d{5}(?:-\d{4})?)(?=[.!?]?$|[,;!?)])(?<!00)", _code),
)
PLACES = (
    rule(r"\bNo\.\s?(?=\d)", "number "),
    rule(r"\bHwy\b\.? ?(?=\d)", "Highway "),
    rule(r"\bRte?\b\.? ?(?=\d)", "Route "),
    rule(rf"(?<!\w)([NSEW])\.? (?=\d{{1,3}}(?:st|nd|rd|th) {_STREET}\b)", lambda found: f"{DIRECTIONS[found[1]]} "),
    rule(
        rf"(?<![\w.,$€£-])(\d{{1,5}})([A-Z])?\s(?:({any_of(DIRECTIONS)})\.?\s)?(?={_NAME} (?:{_NAME} )?{_STREET}\b)",
        _house,
    ),
    rule(rf"((?<= ){_NAME} )({any_of(STREETS)})\b(?:\.(?!\s?[A-Z]|$))?(?=[.,;!?]|\s?$| \d)(?<!Dr)(?<!St)", _street),
    rule(
        rf"\b({any_of(_NUMBERED)})\.? (?:([A-Z]{{2}}) ?)?(\d{{3,4}})(?![\w,:%-]|\.\d| [a-z]{{2,20}}s\b)", _numbered, I
    ),
    rule(
        r"\bP\.? ?O\.? Box (\d{1,5})",
        lambda found: f"P-O Box {pair(found[1]) if len(found[1]) == 4 else cardinal(found[1])}",
    ),
    rule(
        r"(?<=\b[Tt]he )(7[0-8]7)(?!\w|[.,]\d| [a-z]{2,20}s\b)|(?<=\b[Aa] )(7[0-8]7)(?!\w|[.,]\d)",
        lambda found: pair(found[0]),
    ),
)
