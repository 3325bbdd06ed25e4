"""Names of files as they are shown."""

from __future__ import annotations

import os
from pathlib import Path


def shown_name(path: str | Path) -> str:
    r"""Return a file's name so that any terminal and any JSON can hold it.

    A name is bytes: those that are not UTF-8 are shown as ``\xe9``, and so are control characters.

    Example:
        >>> shown_name("caf\udce9\x1b.wav")
        'caf\\xe9\\x1b.wav'
    """
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )
