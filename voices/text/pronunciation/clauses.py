"""Clauses: words spoken in one breath, and the pauses between them."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST_WORD = 40
"""Longest word, in letters; a longer one is cut."""
LONGEST_CLAUSE = 100
"""Longest clause, in words; memory stays flat."""

_MARK = re.compile(r"\.\.+|[,;:!?.()\[\]—–]| -+ |--+")
_MARK_OF = {"–": "—", "(": ",", ")": ",", "[": ",", "]": ","}
_CAMEL = re.compile("(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(rf"'?[^\W\d_]{{1,{LONGEST_WORD}}}(?:['-]{{1,9}}[^\W\d_]{{1,{LONGEST_WORD}}}){{0,9}}'?")


def clauses(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the words of one breath, and the pause after them, if any.

    Example:
        >>> list(clauses("Well, I met McDonald -- twice!"))
        [(('Well',), ','), (('I', 'met', 'Mc', 'Donald'), '—'), (('twice',), '!')]
    """
    start = 0
    for found in _MARK.finditer(text):
        mark = found.group()
        mark = "…" if mark.startswith("..") else "—" if "-" in mark else _MARK_OF.get(mark, mark)
        yield from _breaths(text[start : found.start()], mark)
        start = found.end()
    yield from _breaths(text[start:], "")


def _breaths(text: str, mark: str) -> Iterator[tuple[tuple[str, ...], str]]:
    # "iPhone" and "McDonald" are two words, "PCs" is one.
    words = tuple(word for whole in _WORD.findall(text) for word in _parts(whole))
    while len(words) > LONGEST_CLAUSE:
        yield words[:LONGEST_CLAUSE], ""
        words = words[LONGEST_CLAUSE:]
    if words or mark:
        yield words, mark


def _parts(word: str) -> list[str]:
    return _CAMEL.sub(" ", word).split()
