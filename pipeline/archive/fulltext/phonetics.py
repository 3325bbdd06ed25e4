"""How a word sounds, as a few letters: words that a recognizer confuses get the same key, or nearly the same.

Like Metaphone (L. Philips, 1990), but for names as well as words, and for no language in particular: vowels
count only in front, and letters that are spoken alike become one.
"""

from __future__ import annotations

import re
from functools import lru_cache

from anyascii import anyascii

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[^a-z]", ""),
        (r"^(kn|gn|pn)", "n"),
        (r"^(wr|rh)", "r"),
        (r"^ps", "s"),
        (r"^x", "s"),
        (r"mb$", "m"),
        (r"ow(?=sk)", "of"),
        (r"tsch|tch|cz|ch(?=[eiy])|sch|sh|tio|cio|sio|zh", "X"),
        (r"ch|ck|q|x(?=[aeiouy])|kh", "k"),
        (r"x", "ks"),
        (r"ph|pf|v|w(?=[aeiouy])|bh", "f"),
        (r"gh(?=[aeiouy])", "g"),
        (r"gh", ""),
        (r"dg(?=[eiy])|g(?=[eiy])|j|dz", "j"),
        (r"c(?=[eiy])|z|ts|tz", "s"),
        (r"c", "k"),
        (r"th|dt|d", "t"),
        (r"b", "p"),
        (r"g", "k"),
        (r"(?<=[aeiouy])[hw]|h(?![aeiouy])", ""),
        (r"(?<!^)[aeiouyhw]", ""),
        (r"^[aeiouy]", "a"),
        (r"(.)\1+", r"\1"),
    )
)


@lru_cache(maxsize=1 << 16)
def sound_key(word: str) -> str:
    """Return the key of a word in any script; empty if nothing of it is a letter.

    Example:
        >>> sound_key("Kowalski"), sound_key("covalsky"), sound_key("Cowalsky")
        ('kflsk', 'kflsk', 'kflsk')
    """
    key = anyascii(word).lower()
    for pattern, replacement in _RULES:
        key = pattern.sub(replacement, key)
    return key
