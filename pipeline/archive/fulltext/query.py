"""Turn what people type into a search into a query of SQLite's FTS5.

    tide harbor            both words
    "high tide"            a phrase
    harb*                  a prefix
    tide OR flood          either; AND and NOT likewise, with parentheses

Everything else is taken as words, so no character of a query is a syntax error.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ...errors import InputError

_TOKEN = re.compile(r'"([^"]*)("|$)(\*?)|([()])|([^\s()"]+)')
_OPERATORS = ("AND", "OR", "NOT")
MAX_CHARACTERS = 1000

SimilarWords = Callable[[str], list[str]]
"""Words of the index that sound like a word, the most similar first."""


def fts_query(text: str, similar: SimilarWords | None = None) -> str:
    """Return the query for FTS5.

    Args:
        text: what was typed.
        similar: replaces each single word by those that sound alike; None for the words as they are.

    Raises:
        InputError: there is no word in it, an operator lacks a side, or a parenthesis is not closed.

    Example:
        >>> fts_query('tide (harb* OR "high water") NOT O\\'Neill')
        '"tide" AND ("harb"* OR "high water") NOT "O\\'Neill"'
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"a query has at most {MAX_CHARACTERS} characters")
    written: list[str] = []
    depth, wants_term = 0, True
    for phrase, _, star, parenthesis, word in _TOKEN.findall(text):
        is_operator = word in _OPERATORS
        if word == "NOT" and written[-1:] == ["AND"]:
            written[-1] = word
            continue
        if wants_term and (is_operator or parenthesis == ")"):
            raise InputError(f"the query lacks something before {word or parenthesis}")
        if not wants_term and not is_operator and parenthesis != ")":
            written.append("AND")
        if parenthesis:
            depth += 1 if parenthesis == "(" else -1
            if depth < 0:
                raise InputError("the query has a ) without a (")
            written.append(parenthesis)
            wants_term = parenthesis == "("
        elif is_operator:
            written.append(word)
            wants_term = True
        else:
            term = _term(word, similar) if word else _quoted(phrase) + star if _has_letter(phrase) else ""
            if term:
                written.append(term)
                wants_term = False
            elif written and written[-1] == "AND":
                written.pop()
    if wants_term:
        raise InputError("the query is empty" if not written else f"the query lacks something after {written[-1]}")
    if depth:
        raise InputError("the query has a ( without a )")
    return " ".join(written).replace("( ", "(").replace(" )", ")")


def _term(word: str, similar: SimilarWords | None) -> str:
    prefix = word.endswith("*")
    bare = word.rstrip("*")
    if not _has_letter(bare):
        return ""
    if similar and not prefix:
        alternatives = [word, *(other for other in similar(bare) if other != word.lower())]
        if len(alternatives) > 1:
            return "(" + " OR ".join(map(_quoted, alternatives)) + ")"
    return _quoted(bare) + "*" * prefix


def _has_letter(text: str) -> bool:
    return re.search(r"\w", text) is not None


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
