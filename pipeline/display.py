"""Text from anybody, on its way to a terminal, a log or a line of JSON.

Control characters steer a terminal, and bidirectional ones reorder what stands around them. So whatever Unicode calls
control, format, surrogate, private, unassigned or a separator of lines is told, never sent. Two that words need pass:
the joiners of Persian, Indic scripts and emoji. Spaces of any kind are spaces.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

JOINERS = "\u200c\u200d"
REPLACEMENT = "\ufffd"


def printable(text: str) -> str:
    """Return `text` on one line, a replacement character for each that could steer a terminal.

    Example:
        >>> printable("a\\x1b[31m\\u202eb\\xa0c")
        'a\ufffd[31m\ufffdb c'
    """
    return "".join(map(_printable, text))


def printable_json(content: Any, indent: int | None = None) -> str:
    r"""Return `content` as JSON, letters of all scripts as they are, what `printable` replaces as ``\u`` escapes.

    Example:
        >>> print(printable_json({"text": "naïve \x85\u202e"}))
        {"text": "naïve \u0085\u202e"}
    """
    return _UNPRINTABLE.sub(_escaped, json.dumps(content, ensure_ascii=False, indent=indent))


def _printable(character: str) -> str:
    if character.isprintable() or character in JOINERS:
        return character
    return " " if unicodedata.category(character) == "Zs" else REPLACEMENT


_UNPRINTABLE = re.compile(r"[^\n -~]")  # `json.dumps` escapes what lies before the space itself, and \n is its own


def _escaped(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() or found[0] in JOINERS else json.dumps(found[0])[1:-1]
