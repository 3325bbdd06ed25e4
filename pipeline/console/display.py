"""Untrusted text on its way to a terminal, a log or a line of JSON.

Control characters steer a terminal, and bidirectional characters reorder the text around them. So characters of the
Unicode categories control, format, surrogate, private use, unassigned and line separator are replaced or escaped.
Two of them pass, since words need them: the joiners of Persian, Indic scripts and emoji. Every kind of space becomes a
plain space in a text; in a name, unusual spaces are escaped.
"""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from .streams import print_error

JOINERS = "\u200c\u200d"
REPLACEMENT = "\ufffd"


def printable(text: str) -> str:
    """Return `text` on one line, with a replacement character for each character that could steer a terminal.

    Example:
        >>> printable("a\\x1b[31m\\u202eb\\xa0c")
        'a\ufffd[31m\ufffdb c'
    """
    return "".join(map(_printable, text))


def shown_name(path: str | Path) -> str:
    r"""Return a file's name so that any terminal and any JSON can hold it.

    Bytes of the name that are not UTF-8 are shown as ``\xe9``, and so are characters that could steer a terminal.

    Example:
        >>> shown_name("caf\udce9\x1b.wav")
        'caf\\xe9\\x1b.wav'
    """
    return "".join(letter if _is_harmless(letter) else _escaped(letter) for letter in str(path))


def printable_json(content: Any, indent: int | None = None) -> str:
    r"""Return `content` as JSON: letters of all scripts unescaped, the characters that `printable` replaces as ``\u``.

    Example:
        >>> print(printable_json({"text": "naïve \x85\u202e"}))
        {"text": "naïve \u0085\u202e"}
    """
    return _UNPRINTABLE.sub(_json_escaped, json.dumps(content, ensure_ascii=False, indent=indent))


def print_result(summary: Any, lines: list[str], as_json: bool, to_stderr: bool = False) -> None:
    """Print JSON for machines, or lines for people."""
    shown = printable_json(summary, indent=2) if as_json else "\n".join(map(printable, lines))
    if to_stderr:
        print_error(shown)
    else:
        print(shown)


def tell(message: str) -> None:
    """Print a line for people on standard error."""
    print_error(f"speechzip: {printable(message)}")


def _is_harmless(character: str) -> bool:
    return character.isprintable() or character in JOINERS


def _printable(character: str) -> str:
    if _is_harmless(character):
        return character
    return " " if unicodedata.category(character) == "Zs" else REPLACEMENT


def _escaped(character: str) -> str:
    """Return a character as Python writes it; one that stands for a byte of a name (PEP 383) as that byte."""
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


_UNPRINTABLE = re.compile(r"[^\n -~]")  # `json.dumps` escapes what lies before the space itself, and \n is its own


def _json_escaped(found: re.Match[str]) -> str:
    return found[0] if _is_harmless(found[0]) else json.dumps(found[0])[1:-1]
