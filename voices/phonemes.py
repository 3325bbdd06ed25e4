"""How English text is pronounced: phones of a closed inventory, with stress, word boundaries and pauses.

Pronunciation, that of unknown words too, is espeak-ng's American English (GPL-3.0-or-later). It says whole clauses,
because function words depend on what stands around them: "to" is /tuː/ alone, /tə/ before "the", /təbi/ in "to be".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .espeak import pronounce
from .spoken import spoken

LONGEST_WORD = 40
"""Letters; what is longer is no word, and is cut."""
LONGEST_CLAUSE = 100
"""Words; espeak-ng takes 300."""
MOST_MERGED = 4
"""Words that espeak-ng runs together: "would have to" is the longest seen in 20,000 sentences."""
WORD_BOUNDARY = " "
PAUSES = (",", ";", ":", "—", "…", ".", "?", "!")
VOWELS = (
    "iː", "i", "ɪ", "ᵻ", "eɪ", "ɛ", "æ", "ɑː", "ɔː", "ɔ", "oʊ", "ʊ", "uː", "ʌ", "ə", "ɐ", "ɜː", "ɚ",
    "aɪ", "aʊ", "ɔɪ", "n̩",
)  # fmt: skip
"""What can bear stress; the last is the syllable of "button"."""
CONSONANTS = (
    "p", "b", "t", "d", "k", "ɡ", "tʃ", "dʒ", "f", "v", "θ", "ð", "s", "z", "ʃ", "ʒ", "h",
    "m", "n", "ŋ", "l", "ɹ", "w", "j", "ɾ", "ʔ",
)  # fmt: skip
"""ɾ is the tapped t of "matter", ʔ the swallowed one of "button"."""
INVENTORY = (WORD_BOUNDARY, *PAUSES, *VOWELS, *CONSONANTS)
"""Every symbol of a `Phone`. Trained weights index it: only ever append, at the very end."""

_SYMBOLS = frozenset(INVENTORY)
_FOREIGN = {
    "r": "ɹ", "ɻ": "ɹ", "ʁ": "ɹ", "ʀ": "ɹ", "x": "k", "ç": "h", "ɣ": "ɡ", "g": "ɡ", "c": "k", "q": "k", "ɲ": "n",
    "ʎ": "l", "ɬ": "l", "ɫ": "l", "β": "v", "ɸ": "f", "ʍ": "w", "ɥ": "w", "ɕ": "ʃ", "ʑ": "ʒ", "ʂ": "ʃ", "ʐ": "ʒ",
    "a": "ɑː", "ɑ": "ɑː", "ɒ": "ɑː", "e": "ɛ", "o": "oʊ", "ɵ": "ʊ", "ɨ": "ɪ", "y": "uː", "u": "uː", "ʉ": "uː",
    "ʲ": "j", "ø": "ɜː", "œ": "ɜː", "ɜ": "ɜː", "ɝ": "ɜː", "ɤ": "ʌ", "ɘ": "ə", "ɯ": "ʊ", "ʏ": "ʊ",
}  # fmt: skip
"""The nearest English phone to what espeak-ng says in borrowed words."""
_STRESS = {"ˈ": 1, "ˌ": 2}
_SOUND = re.compile("|".join(sorted((*VOWELS, *CONSONANTS), key=len, reverse=True)) + "|.")
_LANGUAGE_SWITCH = re.compile(r"\([^()]*\)")


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone, word boundary or pause."""

    symbol: str
    """One of `INVENTORY`."""
    stress: int = 0
    """Of a vowel: 1 primary, 2 secondary, 0 none; 0 for all else."""


@dataclass(frozen=True, slots=True)
class Group:
    """The phones of one word, of words that run together ("of the"), or one pause.

    Words that espeak-ng says so strangely that they cannot be told apart are one group too.
    """

    text: str
    """The words as `spoken` has them, or the mark of the pause."""
    phones: tuple[Phone, ...]
    """At least one; no word boundaries."""

    @property
    def is_pause(self) -> bool:
        """Whether this is silence, possibly of no length, rather than words."""
        return self.phones[0].symbol in PAUSES


def phonemes(text: str) -> tuple[Phone, ...]:
    """Return the phones of English `text`: a word boundary between words unless a pause stands there.

    Example:
        >>> " ".join(phone.symbol for phone in phonemes("Yes, my button"))
        'j ɛ s , m aɪ   b ʌ ʔ n̩'
    """
    phones: list[Phone] = []
    for words, mark in _clauses(spoken(text)):
        for said in _said(words):
            if phones and phones[-1].symbol not in PAUSES:
                phones.append(Phone(WORD_BOUNDARY))
            phones += said
        if mark and phones and phones[-1].symbol not in PAUSES:
            phones.append(Phone(mark))
    return tuple(phones)


def phoneme_groups(text: str) -> tuple[Group, ...]:
    """Return the phones of English `text` by words, for alignment with speech.

    Example:
        >>> [group.text for group in phoneme_groups("The end of the world!")]
        ['The', 'end', 'of the', 'world', '!']
    """
    groups: list[Group] = []
    for words, mark in _clauses(spoken(text)):
        groups += _clause(words)
        if mark and groups and not groups[-1].is_pause:
            groups.append(Group(mark, (Phone(mark),)))
    return tuple(groups)


_MARK = re.compile(r"\.\.+|[,;:!?.()\[\]—–]| -+ |--+")
_MARK_OF = {"–": "—", "(": ",", ")": ",", "[": ",", "]": ","}
_CAMEL = re.compile("(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(rf"[^\W\d_]{{1,{LONGEST_WORD}}}(?:['-]{{1,9}}[^\W\d_]{{1,{LONGEST_WORD}}}){{0,9}}'?")


def _clauses(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield words that are said in one breath, and the pause after them, if any."""
    start = 0
    for found in _MARK.finditer(text):
        mark = found.group()
        mark = "…" if mark.startswith("..") else "—" if "-" in mark else _MARK_OF.get(mark, mark)
        yield from _breaths(text[start : found.start()], mark)
        start = found.end()
    yield from _breaths(text[start:], "")


def _breaths(text: str, mark: str) -> Iterator[tuple[tuple[str, ...], str]]:
    # espeak-ng takes "iPhone" and "McDonald" for two words.
    words = tuple(_WORD.findall(_CAMEL.sub(" ", text)))
    while len(words) > LONGEST_CLAUSE:
        yield words[:LONGEST_CLAUSE], ""
        words = words[LONGEST_CLAUSE:]
    yield words, mark


def _clause(words: tuple[str, ...]) -> list[Group]:
    """Return the phones of `words`, which are said in one breath."""
    said = _said(words)
    if len(said) == len(words):
        return [Group(word, phones) for word, phones in zip(words, said, strict=True)]
    groups: list[Group] = []
    spans = _spans(words, said)
    if said and not spans:
        return [Group(" ".join(words), tuple(phone for phones in said for phone in phones))]
    for (start, stop), phones in zip(spans, said, strict=True):
        if start == stop and groups:  # a word in two parts
            groups[-1] = Group(groups[-1].text, groups[-1].phones + phones)
        else:
            groups.append(Group(" ".join(words[start:stop]), phones))
    return groups


def _said(words: tuple[str, ...]) -> list[tuple[Phone, ...]]:
    """Return the phones of each group that espeak-ng makes of `words`."""
    # "A" is the letter unless it starts the clause; to espeak-ng it is the article anywhere but at the end.
    text = " ".join(words[:1] + tuple("eigh" if word == "A" else word for word in words[1:]))
    return [tuple(phones) for word in pronounce(text).split() if (phones := _phones(word))]


@lru_cache(maxsize=4096)
def _alone(word: str) -> tuple[Phone, ...]:
    return tuple(phone for phones in _said((word,)) for phone in phones)


def _spans(words: tuple[str, ...], said: list[tuple[Phone, ...]]) -> list[tuple[int, int]]:
    """Return for each of `said` the range of `words` that it most likely says; nothing if none fit.

    By dynamic programming over the edit distance to how the words sound alone.
    """
    impossible = float("inf")
    # best[g][w]: cost of saying the first w words in the first g groups, and how many of them the last group says
    best = [[(impossible, 0)] * (len(words) + 1) for _ in range(len(said) + 1)]
    best[0][0] = (0.0, 0)
    band = abs(len(words) - len(said)) + MOST_MERGED
    for g, phones in enumerate(said):
        for w in range(max(0, g - band), min(len(words), g + band) + 1):
            cost, _ = best[g][w]
            if cost == impossible:
                continue
            alone: tuple[Phone, ...] = ()
            # The first group says at least one word; a later one may go on with a word.
            for count in range(min(MOST_MERGED, len(words) - w) + 1):
                alone += _alone(words[w + count - 1]) if count else ()
                total = cost + _distance(phones, alone)
                if total < best[g + 1][w + count][0] and (g or count):
                    best[g + 1][w + count] = (total, count)
    if best[-1][-1][0] == impossible:
        return []
    spans: list[tuple[int, int]] = []
    w = len(words)
    for g in range(len(said), 0, -1):
        spans.append((w - best[g][w][1], w))
        w = spans[-1][0]
    return spans[::-1]


@lru_cache(maxsize=1 << 16)
def _distance(left: tuple[Phone, ...], right: tuple[Phone, ...]) -> int:
    """Return the Levenshtein distance, stress left aside."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a.symbol != b.symbol))
    return row[-1]


def _phones(word: str) -> list[Phone]:
    """Return what espeak-ng's ``h_ə_l_ˈoʊ`` means; tones and other marks that English has no use for are left out."""
    phones: list[Phone] = []
    for sound in _LANGUAGE_SWITCH.sub("", word).split("_"):
        stress = 0
        for symbol in _SOUND.findall(sound):
            symbol = _FOREIGN.get(symbol, symbol)
            if symbol in _STRESS:
                stress = _STRESS[symbol]
            elif symbol in VOWELS:
                phones.append(Phone(symbol, stress))
                stress = 0
            elif symbol in _SYMBOLS and not (symbol == "ɹ" and phones and phones[-1].symbol == "ɹ"):
                phones.append(Phone(symbol))  # "IRS" is /aɪ ɑːɹ ɹɛs/ to espeak-ng
    return phones
