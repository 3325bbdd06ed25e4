"""Names from a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .tokens import Found, Token, tokens_of


def find_names(tokens: Sequence[Token], names: Iterable[Sequence[str]]) -> Iterator[Found]:
    """Yield the names of a list that occur, possessives included; each name is given as its words in lower case."""
    by_first: dict[str, list[Sequence[str]]] = {}
    for name in names:
        by_first.setdefault(name[0], []).append(name)
    position = 0
    while position < len(tokens):
        candidates = sorted(by_first.get(_bare(tokens[position].lower), []), key=len, reverse=True)
        for name in candidates:
            here = [_bare(token.lower) for token in tokens[position : position + len(name)]]
            if here == list(name):
                yield Found("name", position, position + len(name) - 1)
                position += len(name) - 1
                break
        position += 1


def name_words(line: str) -> tuple[str, ...]:
    """Return a name in the form that `find_names` takes; empty if it has no word.

    Example:
        >>> name_words("Anna O'Neill")
        ('anna', "o'neill")
    """
    return tuple(_bare(token.lower) for token in tokens_of(0, line))


def _bare(word: str) -> str:
    return word.replace("’", "'").removesuffix("'s")
