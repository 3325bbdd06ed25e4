"""Names from a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .tokens import Found, Token, tokens_of

HYPHENS = frozenset("-\u2010\u2011")
"""A name is the same with and without them: a recognizer writes what it hears."""


def find_names(tokens: Sequence[Token], names: Iterable[Sequence[str]]) -> Iterator[Found]:
    """Yield the names of a list that occur, possessives included; each name is given as its words in lower case."""
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
                end = start + len(name) - 1
                yield Found("name", places[start], places[end])
                start = end
                break
        start += 1


def name_words(line: str) -> tuple[str, ...]:
    """Return a name in the form that `find_names` takes; empty if it has no word.

    Example:
        >>> name_words("Anna O'Neill")
        ('anna', "o'neill")
    """
    return tuple(_bare(token.lower) for token in tokens_of(0, line) if token.text not in HYPHENS)


def _bare(word: str) -> str:
    return word.replace("’", "'").removesuffix("'s")
