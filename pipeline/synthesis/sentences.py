"""The ends of sentences: one sentence is played while the next one is being synthesized."""

from __future__ import annotations

import re

SENTENCE_END = re.compile(r"(?<=[.!?;:…])\s+|(?<=[。！？；])\s*")
"""The boundary of two sentences. Chinese and Japanese have no space there."""


def split_sentences(text: str) -> list[str]:
    """Return `text` in sentences.

    Example:
        >>> split_sentences("Well... It is 3.5 km. Go on!")
        ['Well...', 'It is 3.5 km.', 'Go on!']
    """
    return [sentence for sentence in SENTENCE_END.split(text.strip()) if sentence]
