"""The pronunciation of English text without espeak-ng: words to phones of `arpabet`, with stress and pauses.

    normalized text --> clauses --> each word: function word? homograph? in the dictionary? built from words that are?
                                    spelled out? else the network for unknown words

A word may be built from a stem with a possessive or plural s, -ed, -ing, -ly and the like, from a stem with a prefix,
or from two common words.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from ..lexicon.arpabet import VOWELS
from ..lexicon.lexicon import is_common, pronunciation
from ..lexicon.unknown import guess
from ..normalization.normalize import normalize_text
from .clauses import clauses
from .function_words import (
    A_LETTER,
    AT_END,
    LETTERS,
    POINTED_AT,
    THE,
    THE_BEFORE_VOWEL,
    TO,
    TO_BEFORE_VOWEL,
    WEAK,
)
from .homographs import homograph
from .phones import Group, Phone

Phones = tuple[str, ...]
"""With stress, as the dictionary has them: ("HH", "AX0", "L", "OW1")."""

SHORTEST_PART = 3
"""Fewest letters in either half of a compound."""
LONGEST_ACRONYM = 5
"""Most letters of an initialism; longer words in capitals are emphasis."""
PREFIXES = (
    "non",
    "anti",
    "over",
    "under",
    "super",
    "hyper",
    "multi",
    "micro",
    "mini",
    "mega",
    "inter",
    "pre",
    "re",
    "un",
    "mis",
    "dis",
    "co",
)
_VOICELESS = frozenset("P T K F TH".split())
_HISSING = frozenset("S Z SH ZH CH JH".split())
_ENDINGS: tuple[tuple[str, tuple[str, ...], Phones], ...] = (
    # ending, its possible replacements in the stem, the phones that it adds
    ("ly", ("", "le"), ("L", "IY0")), ("ness", ("",), ("N", "AX0", "S")), ("less", ("",), ("L", "AX0", "S")),
    ("ful", ("",), ("F", "AX0", "L")), ("ers", ("", "e"), ("ER0", "Z")), ("er", ("", "e"), ("ER0",)),
    ("able", ("", "e"), ("AX0", "B", "AX0", "L")), ("ish", ("",), ("IH0", "SH")), ("y", ("",), ("IY0",)),
    ("ism", ("",), ("IH2", "Z", "AX0", "M")), ("ist", ("",), ("IH0", "S", "T")),
    ("est", ("", "e"), ("AX0", "S", "T")), ("ment", ("",), ("M", "AX0", "N", "T")), ("ship", ("",), ("SH", "IH2", "P")),
)  # fmt: skip


def pronounced(text: str) -> tuple[Group, ...]:
    """Return the phones of English `text` by words, and its pauses.

    Example:
        >>> [" ".join(phone.symbol for phone in group.phones) for group in pronounced("The end, I read.")]
        ['DH IY', 'EH N D', ',', 'AY', 'R IY D', '.']
    """
    groups: list[Group] = []
    for words, mark in clauses(normalize_text(text)):
        groups += _clause(words)
        if mark and groups and not groups[-1].is_pause:
            groups.append(Group(mark, (Phone(mark),)))
    return tuple(groups)


def _clause(words: Sequence[str]) -> list[Group]:
    """Return the phones of the words of one breath."""
    lower = [word.lower() for word in words]
    groups: list[Group] = []
    following: Phones = ()
    for place in range(len(words) - 1, -1, -1):  # "the" and "to" depend on the sound that follows
        phones = _in_context(words, lower, place, following)
        if phones:
            groups.append(Group(words[place], tuple(map(_phone, phones))))
            following = phones
    return groups[::-1]


def _in_context(words: Sequence[str], lower: Sequence[str], place: int, following: Phones) -> Phones:
    word, written = lower[place], words[place]
    at_end = place == len(words) - 1
    if written == "A" and place:
        return A_LETTER
    if word in ("the", "to") and not at_end:
        vowel = bool(following) and following[0][:-1] in VOWELS
        if word == "the":
            return THE_BEFORE_VOWEL if vowel else THE
        return TO_BEFORE_VOWEL if vowel else TO
    if (
        word == "that"
        and not at_end
        and lower[place + 1] in POINTED_AT
        and (place == 0 or lower[place - 1] in ("and", "but", "so", "think"))
    ):
        return tuple(AT_END["that"].split())
    if word == "us" and written == "US":
        return _spelled("us")
    if word in WEAK:
        return tuple(AT_END[word].split()) if at_end and word in AT_END else tuple(WEAK[word].split())
    return homograph(lower, place) or word_phones(written)


@lru_cache(maxsize=8192)
def word_phones(written: str) -> Phones:
    """Return the phones of one word without context, in its original case.

    Example:
        >>> word_phones("F-B-I"), word_phones("dogs'")
        (('EH2', 'F', 'B', 'IY2', 'AY1'), ('D', 'AO1', 'G', 'Z'))
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", written) if not unicodedata.combining(c))
    plain = plain.translate(
        {0xDF: "ss", 0xE6: "ae", 0xC6: "Ae", 0xF8: "o", 0xD8: "O", 0xF0: "d", 0xFE: "th", 0x142: "l"}
    )
    word = plain.lower().strip("-")
    if "-" in word:
        parts = [part for part in word.split("-") if part]
        if all(len(part) == 1 for part in parts):
            return _spelled("".join(parts))
        whole = pronunciation(word)
        return whole or tuple(phone for part in plain.split("-") if part for phone in word_phones(part))
    if len(word.strip("'")) == 1 and word.strip("'") in LETTERS:
        return _spelled(word.strip("'"))
    acronym = _acronym(plain)
    return acronym or _known(word) or guess(word.replace("'", ""))


def _acronym(written: str) -> Phones | None:
    """Return letter names for an initialism in capitals; "PCs" has a small s."""
    plural = len(written) > 2 and written.endswith("s") and written[:-1].isupper()
    capitals = written[:-1] if plural else written
    possessive = capitals.endswith("'") or written.endswith("'S")
    capitals = capitals.rstrip("'") if plural else written.removesuffix("'S").removesuffix("'s")
    if not (capitals.isupper() and 2 <= len(capitals) <= LONGEST_ACRONYM) or not capitals.isascii():
        return None
    lower = capitals.lower()
    short = (
        len(lower) == 2
        and lower not in WEAK
        and lower not in ("no", "go", "do", "ok", "oh", "up", "hi", "ah", "uh", "um", "mm")
    )
    if not short and (pronunciation(lower) or lower in WEAK):
        return None
    phones = _spelled("".join(letter for letter in lower if letter in LETTERS))
    return _with_s(phones) if plural or possessive or written.endswith("'s") else phones


def _spelled(letters: str) -> Phones:
    """Return the names of letters; the last one bears the stress."""
    phones: list[str] = []
    for number, letter in enumerate(letters):
        stress = 1 if number == len(letters) - 1 else 2
        first = True
        for phone in LETTERS[letter].split():
            if phone in VOWELS:
                phones.append(f"{phone}{stress if first else 0}")
                first = False
            else:
                phones.append(phone)
    return tuple(phones)


def _known(word: str) -> Phones | None:
    """Return the phones of a word that is in the dictionary, whole or in parts."""
    return pronunciation(word) or _inflected(word) or _derived(word) or _compound(word)


def _inflected(word: str) -> Phones | None:
    if word.endswith(("'s", "s'")):
        stem = word[:-2] if word.endswith("'s") else word[:-1]
        phones = _known(stem)
        return (phones if word.endswith("s'") else _with_s(phones)) if phones else None
    if word.endswith("'"):
        return _known(word[:-1])
    for ending, add in (("s", _with_s), ("ed", _with_ed), ("ing", _with_ing), ("in'", _with_ing)):
        if not word.endswith(ending) or len(word) < len(ending) + 3:
            continue
        for stem in _stems(word.removesuffix(ending), ending):
            phones = pronunciation(stem) or _derived(stem)
            if phones:
                return add(phones)
    return None


def _stems(base: str, ending: str) -> list[str]:
    """Return the possible stems before an ending: "hop" and "hope" for "hopping" and "hoping"."""
    stems = [base] if not base.endswith("s") or ending != "s" else []
    if ending == "s":
        return [
            *stems,
            *([base[:-1]] if base.endswith("e") else []),
            *([base[:-2] + "y"] if base.endswith("ie") else []),
        ]
    doubled = len(base) > 2 and base[-1] == base[-2] and base[-1] not in "ls"
    return [*([base[:-1]] if doubled else []), *stems, base + "e", *([base[:-1] + "y"] if base.endswith("i") else [])]


def _with_s(phones: Phones) -> Phones:
    last = phones[-1]
    return (*phones, *(("IH0", "Z") if last in _HISSING else ("S",) if last in _VOICELESS else ("Z",)))


def _with_ed(phones: Phones) -> Phones:
    last = phones[-1]
    voiceless = last in _VOICELESS | {"S", "SH", "CH"}
    return (*phones, *(("IH0", "D") if last in ("T", "D") else ("T",) if voiceless else ("D",)))


def _with_ing(phones: Phones) -> Phones:
    return (*phones, "IH0", "NG")


def _derived(word: str) -> Phones | None:
    for ending, instead, added in _ENDINGS:
        base = word.removesuffix(ending)
        if base == word or len(base) < SHORTEST_PART:
            continue
        stems = [base + other for other in instead]
        if base.endswith("i"):
            stems.append(base[:-1] + "y")
        if base[-1] == base[-2] and ending in ("er", "ers", "est", "y", "able", "ish"):
            stems.insert(0, base[:-1])
        for stem in stems:
            phones = pronunciation(stem) if is_common(stem) or len(stem) > 4 else None
            if phones:
                # "gently" has one L, and the E of "gentle" goes
                return (*phones[:-2], *added) if ending == "ly" and stem.endswith("le") else (*phones, *added)
    for prefix in PREFIXES:
        rest = word.removeprefix(prefix)
        if rest != word and len(rest) > SHORTEST_PART:
            phones, said = pronunciation(rest) or _inflected(rest), pronunciation(prefix)
            if phones and said and (is_common(rest) or len(rest) > 5):
                return (*(_weaker(phone) for phone in said), *phones)
    return None


def _compound(word: str) -> Phones | None:
    """Return "smart" and "watch" for "smartwatch": two common words; the stress is on the first."""
    for middle in range(len(word) - SHORTEST_PART, SHORTEST_PART - 1, -1):
        first, second = word[:middle], word[middle:]
        if is_common(first) and is_common(second):
            left, right = pronunciation(first), pronunciation(second)
        elif is_common(first) and second.endswith("s") and is_common(second[:-1]):
            left, right = pronunciation(first), pronunciation(second) or _inflected(second)
        else:
            continue
        if left and right:
            return (*left, *(_weaker(phone) for phone in right))
    return None


def _weaker(phone: str) -> str:
    return phone.replace("1", "2")


def _phone(phone: str) -> Phone:
    return Phone(phone[:-1], int(phone[-1])) if phone[-1].isdigit() else Phone(phone)
