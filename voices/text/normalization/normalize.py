"""English text as it is read aloud: numbers, dates, money, abbreviations and symbols turned into words.

    clean --> spelling --> talk --> addresses --> places, telephones --> abbreviations --> times, dates, money, measures
          --> numbers --> initialisms, symbols

Each step is a list of patterns and their replacements, tried in order, the more specific ones first. Every repetition
in them is bounded, so the time is proportional to the length of the text. Letters that are spelled out
are joined by hyphens ("F-B-I"), which keeps the A among them from being taken for the article.
"""

from __future__ import annotations

from .clock import DATES, TIMES
from .figures import FIGURES
from .marks import GRADES, INITIALISMS, REST
from .quantities import MEASURES
from .short_forms import ADDRESSES, SHORT_FORMS
from .spelling import SPELLING
from .talk import TALK
from .telephones import PLACES, TELEPHONES
from .unicode import clean

_RULES = (
    *SPELLING, *TALK, *ADDRESSES[:3], *GRADES, *ADDRESSES[3:], *PLACES, *SHORT_FORMS, *TIMES, *DATES, *TELEPHONES,
    *MEASURES, *FIGURES, *INITIALISMS, *REST,
)  # fmt: skip


def normalize_text(text: str) -> str:
    """Return English `text` as words, hyphens, apostrophes and marks of punctuation; no digits, on one line.

    Args:
        text: any Unicode. Letters of other scripts are transliterated, emoji left out; see `unicode`.

    Example:
        >>> normalize_text("Dr. O'Neill at 3:45 p.m. paid $1,234.50")
        "Doctor O'Neill at three forty-five P-M paid one thousand two hundred thirty-four dollars and fifty cents"
    """
    text = clean(text)
    for pattern, words in _RULES:
        text = pattern.sub(words, text)
    return text.strip()
