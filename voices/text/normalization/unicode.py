"""Characters: reduce any Unicode to the letters and marks of English text.

Accented Latin letters stay, since espeak-ng needs them for other languages. anyascii (ISC license) transliterates
other scripts; how such words sound is only approximate.
"""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

from ..lexicon.lexicon import is_common

MOST_MARKS = 4
"""Most combining marks on one letter; more are a prank, and slow to normalize."""
SYMBOLS = frozenset("€£¥¢₹₩₽₺₪₴₱₦₫฿°×÷±≤≥≠≈→§©–—−♯")
"""Symbols beyond ASCII that `normalize_text` has words for."""
_REPLACED = str.maketrans(
    {
        "²": " squared ", "³": " cubed ", "√": " the square root of ", "∛": " the cube root of ",
        "∞": " infinity ", "∆": "Δ", "‰": " per mille ", "№": " number ", "™": None, "®": None, "\u00ad": None,
        "…": "...", "º": "°", "µ": "micro", "´": "'", "`": "'", "‘": "'", "’": "'", "ʼ": "'", "′": "'",
        "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"',
        "‐": "-", "‑": "-", "‒": "–", "―": "—", "\x85": "\n", "\u2028": "\n", "\u2029": "\n\n",
    }
)  # fmt: skip
"""Characters that NFKC would change to a different meaning."""
_BUILT_FRACTION = re.compile(r"(\d?)(\d)⁄(\d)")
_LONE_GREEK = re.compile(r"(?<![\u0370-\u03ff])[\u0391-\u03c9](?![\u0370-\u03ff])")
_PARAGRAPH = re.compile(r"(?<=[^\s.?!,;:])[^\S\n]{0,9}\n\s{0,9}\n")
_SENTENCE_END = re.compile(r"(?<=[.?!]) ")
_LONGER_WORD = re.compile(r"(?<![\d$])[^\W\d_]{2,30}")


def is_readable(text: str) -> bool:
    """Tell whether at least half of the letters in `text` are Latin; True if there are none.

    This says nothing about the language, which is known from the utterance.

    Example:
        >>> is_readable("The word привет"), is_readable("你好, Tom!"), is_readable("?")
        (True, True, True)
        >>> is_readable("Привет, Tom!")
        False
    """
    letters = [letter for letter in text if letter.isalpha()]
    return 2 * sum(map(_is_latin, letters)) >= len(letters)


def clean(text: str) -> str:
    """Return `text` on one line in ASCII, accented Latin letters and `SYMBOLS`; shouted sentences in lower case."""
    kept: list[str] = []
    marks = 0
    for character in text.translate(_REPLACED):
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    text = unicodedata.normalize("NFKC", "".join(kept))
    text = _BUILT_FRACTION.sub(r"\1 \2/\3", text)  # 1½ is not 11/2
    text = _LONE_GREEK.sub(_greek_letter, text)
    text = "".join(map(_plain, text))
    text = " ".join(_PARAGRAPH.sub(". ", text).split())
    return " ".join(map(_lower_if_shouted, _SENTENCE_END.split(text)))


def _greek_letter(found: re.Match[str]) -> str:
    """Return "pi" for the letter of mathematics; "ohm" and "micro" for those of units."""
    before, after = found.string[max(0, found.start() - 3) : found.start()], found.string[found.end() : found.end() + 1]
    if found[0] == "Ω" and re.search(r"\d\s?[kMG]?$", before):
        return "ohm"
    if found[0] == "μ" and after.isascii() and after.isalpha():
        return "micro"
    name = unicodedata.name(found[0]).split()[-1].lower().replace("lamda", "lambda")
    return " " * before[-1:].isalnum() + name + " " * after.isalnum()


def _is_latin(letter: str) -> bool:
    return letter.isascii() or "LATIN" in unicodedata.name(letter, "") or letter in "ªºµ"


def _plain(character: str) -> str:
    """Return the replacement of one character of a normalized text."""
    if character.isascii():
        return character if character.isprintable() or character == "\n" else " "
    if character in SYMBOLS or ("À" <= character <= "ſ" and character.isalpha()):
        return character
    category = unicodedata.category(character)
    if category[0] == "M":
        return ""
    if category == "Lo":  # scripts without capitals: anyascii marks syllables by them
        ideograph = unicodedata.name(character, "").startswith("CJK")
        return f" {anyascii(character).lower()} " if ideograph else anyascii(character).lower()
    return (anyascii(character) if category[0] in "LNP" or category in ("Sc", "Sm") else "") or " "


def _lower_if_shouted(sentence: str) -> str:
    """Return a sentence in capitals, as LibriSpeech has them, in lower case; "16GB RAM" is no sentence."""
    if not sentence.isupper():
        return sentence
    words = [word.lower() for word in _LONGER_WORD.findall(sentence)]
    real = sum(word not in ("am", "pm") and is_common(word) for word in words)
    return sentence.lower() if len(words) > 1 and 2 * real > len(words) else sentence
