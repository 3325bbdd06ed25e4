"""Signs after letters, initialisms, and symbols that no other rules read."""

from __future__ import annotations

import re
from re import Match

from .abbreviations import SPELLED, SYMBOLS
from .patterns import any_of, letters, rule

_FILES = "txt js ts py pdf exe zip doc docx xls jpg jpeg png gif mp csv html css json xml wav ogg md sh".split()
_SAID = {
    "exe": "E-X-E",
    "zip": "zip",
    "doc": "doc",
    "jpeg": "jpeg",
    "gif": "gif",
    "json": "jason",
    "ogg": "ogg",
    "docx": "doc X",
}


def _initials(found: Match[str]) -> str:
    """Return "J-R-R Tolkien" for "J. R. R. Tolkien"."""
    return f"{found[1]}{letters(found[2])} "


def _blood(found: Match[str]) -> str:
    return f"{letters(found[1])} {'positive' if found[2] == '+' else 'negative'}"


def _file(found: Match[str]) -> str:
    return f" dot {_SAID.get(found[1], letters(found[1]))}"


GRADES = (
    # Before anything takes the sign for a dash or a sum: grades, keys, computer languages, blood.
    rule(r"(?<=\b[Tt]ype )(A|B|AB|O)([-+−])(?!\w)|(?!)()", _blood),
    rule(r"\b(A|B|AB|O)([-+−])(?= (?:blood|donor|donors|negative|positive)\b)", _blood),
    rule(
        r"(?<![\w'&-])([A-F])[-−](?=[.,;:!?)\"]|$| (?:or|and|to|in|on|for|student|grade|average|from|this|last)\b)",
        r"\1 minus",
    ),
    rule(r"\b([A-G])[#♯](?!\w)", r"\1 sharp"),
    rule(r"(?<![\w.])\.NET\b", "dot net"),
    rule(rf"(?<=\w)\.({any_of(_FILES)})\b(?!\.?\w)", _file),
    rule(r"^(\d{1,2})\)(?= )", r"\1,"),
)
INITIALISMS = (
    rule(r"(?<![\w.])(?:[A-Za-z]\.){2,10}", lambda found: letters(found[0])),
    rule(
        r"(^|[.,;:!?(\"] ?|\b(?!Plan |Part |Type |Class |Group |Team |Vitamin |Grade |Exhibit )[A-Z][a-z]\w{0,20} )"
        r"((?:[A-Z]\. ?){1,4})(?=[A-Z][\w'])",
        _initials,
    ),
    rule(rf"\b(?:{any_of(SPELLED)})\b", lambda found: letters(found[0])),
    rule(r"\b([A-Z]{1,3})&([A-Z])\b", lambda found: f"{letters(found[1])} and {found[2]}"),
)
REST = (
    rule(r"\band ?/ ?or\b", "and or"),
    rule(r"&amp;", "&"),
    rule(r"~(?=\s?\w)", "about "),
    rule(r"(?<=\s)<(?=\s)", "less than"),
    rule(r"(?<=\s)>(?=\s)", "greater than"),
    rule(r"(?<=\w)\+(?=[.,;:!?\s]|$)", " plus"),
    rule(f"[{re.escape(''.join(SYMBOLS))}]", lambda found: f" {SYMBOLS[found[0]]} "),
    rule(r"[^\w\s.,;:?!'\"()\[\]–—-]|_", " "),
    rule(r"([,;:])(?=[^\W\d_])", r"\1 "),
    rule(r"\s+", " "),
    rule(r" (?=[.,;:?!])", ""),
)
