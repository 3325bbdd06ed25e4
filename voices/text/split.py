"""Split a text into pieces for a synthesizer, at the places where a speaker would breathe."""

from __future__ import annotations

import re
from collections.abc import Iterator

from speechzip.pipeline import SENTENCE_END

CLAUSE_END = re.compile(r"(?<=,)\s+|(?<=[，、])")
WORD_END = re.compile(r"\s+")
BOUNDARIES = (SENTENCE_END, CLAUSE_END, WORD_END)
"""From the best place for a cut to the worst."""


def split_text(text: str, longest: int) -> Iterator[str]:
    """Yield `text` in pieces of up to `longest` characters, as few as its sentences allow.

    Example:
        >>> list(split_text("Come in. Sit down, all of you. Good.", 20))
        ['Come in.', 'Sit down,', 'all of you.', 'Good.']
    """
    yield from _split(text.strip(), longest, 0)


def _split(text: str, longest: int, boundary: int) -> Iterator[str]:
    if len(text) <= longest:
        if text:
            yield text
        return
    if boundary == len(BOUNDARIES):
        yield from (text[start : start + longest] for start in range(0, len(text), longest))
        return
    packed = ""
    for part in BOUNDARIES[boundary].split(text):
        if len(packed) + 1 + len(part) <= longest:
            packed = f"{packed} {part}".strip()
            continue
        if packed:
            yield packed
        packed = ""
        if len(part) <= longest:
            packed = part
        else:
            yield from _split(part, longest, boundary + 1)
    if packed:
        yield packed
