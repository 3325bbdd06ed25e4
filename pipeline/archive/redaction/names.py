"""Names from a list."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from .spelling import SPELLED, spoken_tokens
from .tokens import Found, Token, tokens_of

HYPHENS = frozenset("-\u2010\u2011")
"""A name is the same with and without them: a recognizer writes what it hears."""
LEAST_LETTERS = 3
"""Of a name that is spelled out; two letters are mostly something else."""
_TIMES = {"double": 2, "triple": 3}
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "’": "'"})
"""Letters that Unicode does not make of another one and an accent."""


def find_names(tokens: Sequence[Token], names: Iterable[Sequence[str]]) -> Iterator[Found]:
    """Yield the names of a list that occur, spelled out, too, and possessives included.

    Args:
        tokens: what was said.
        names: each name as `name_words` returns it.
    """
    listed = list(names)
    yield from _spelled_names(tokens, listed)  # first, since "victor" may be a letter of one
    yield from _whole_names(tokens, listed)


def name_words(line: str) -> tuple[str, ...]:
    """Return a name in the form that `find_names` takes; empty if it has no word.

    Example:
        >>> name_words("José O'Neill")
        ('jose', "o'neill")
    """
    return tuple(_bare(token.lower) for token in tokens_of(0, line) if token.text not in HYPHENS)


def _whole_names(tokens: Sequence[Token], names: Iterable[Sequence[str]]) -> Iterator[Found]:
    by_first: dict[str, list[Sequence[str]]] = {}
    for name in names:
        by_first.setdefault(name[0], []).append(name)
    places = [place for place, token in enumerate(tokens) if token.text not in HYPHENS]
    words = [_bare(tokens[place].lower) for place in places]
    start = 0
    while start < len(words):
        candidates = sorted(by_first.get(words[start], []), key=len, reverse=True)
        for name in candidates:
            if words[start : start + len(name)] == list(name):
                first, last = _hyphenated(tokens, places[start], places[start + len(name) - 1])
                yield Found("name", first, last)
                while start + 1 < len(places) and places[start + 1] <= last:
                    start += 1
                break
        start += 1


def _hyphenated(tokens: Sequence[Token], first: int, last: int) -> tuple[int, int]:
    """Return the ends of the hyphenated name that a name is part of, as "Anna" is of "Anna-Lena"."""
    while first >= 2 and _is_joined(tokens[first - 2 : first + 1]) and tokens[first - 2].text[0].isupper():
        first -= 2
    while _is_joined(tokens[last : last + 3]) and tokens[last + 2].text[0].isupper():
        last += 2
    return first, last


def _is_joined(tokens: Sequence[Token]) -> bool:
    """Whether these are two words and a hyphen without a space between them."""
    if len(tokens) < 3 or tokens[1].text not in HYPHENS or not (tokens[0].is_word and tokens[2].is_word):
        return False
    return (tokens[0].end, tokens[1].end) == (tokens[1].start, tokens[2].start) and (
        tokens[0].utterance == tokens[1].utterance == tokens[2].utterance
    )


def _spelled_names(tokens: Sequence[Token], names: Iterable[Sequence[str]]) -> Iterator[Found]:
    """Yield runs of single letters that are one or more whole names of the list, such as "K-O-W-A-L-S-K-I"."""
    runs = [run for run in _letter_runs(tokens) if len(run) >= LEAST_LETTERS]
    if not runs:
        return
    spelled = {"".join(name).replace("'", "") for name in names}
    spelled = {name for name in spelled if len(name) >= LEAST_LETTERS}
    for run in runs:
        letters = "".join(letter for letter, _, _ in run)
        if letters.startswith("i") and not _is_made_of(letters, spelled):
            del run[0]  # "I, A N N A"
            letters = letters[1:]
        if _is_made_of(letters, spelled):
            yield Found("name", run[0][1], run[-1][2])


def _letter_runs(tokens: Sequence[Token]) -> Iterator[list[tuple[str, int, int]]]:
    """Yield the runs of letters that were said one by one: each letter with its first and last token."""
    run: list[tuple[str, int, int]] = []
    times, first = 1, 0
    for spoken in spoken_tokens(tokens):
        word = spoken.token.lower
        letter = _bare(word) if len(word) == 1 and word.isalpha() else SPELLED.get(word, "").lower()
        if len(letter) == 1:
            run += [(letter, first if times > 1 else spoken.first, spoken.last)] * times
            times = 1
        elif word in _TIMES:
            times, first = _TIMES[word], spoken.first
        elif word not in HYPHENS:
            yield run
            run, times = [], 1
    yield run


def _is_made_of(letters: str, names: set[str]) -> bool:
    """Whether letters are one name after the other."""
    lengths = sorted({len(name) for name in names})
    ends = {0}  # of the names so far
    for end in range(LEAST_LETTERS, len(letters) + 1):
        if any(end - length in ends and letters[end - length : end] in names for length in lengths):
            ends.add(end)
    return bool(letters) and len(letters) in ends


def _bare(word: str) -> str:
    """Return a word without accents and possessive: people and recognizers leave accents out."""
    apart = unicodedata.normalize("NFD", word.translate(_LETTERS))
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).removesuffix("'s")
