"""What a payload of any format names by a number: voice spaces, recognizers, languages, text coders."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import InputError, PayloadVersionError
from ..languages import LANGUAGES
from ..protocols import TextCoder
from ..types import RECOGNIZERS, VOICE_SPACES


def space_number(space: str) -> int:
    """Return the number of a voice space.

    Raises:
        InputError: it has none.
    """
    number = _number(space, VOICE_SPACES, "space-")
    if number is None:
        raise InputError(f"the voice space {space!r} has no number; see VOICE_SPACES")
    return number


def space_name(number: int) -> str:
    """Return the voice space of this number; ``space-77`` for one that this release does not know."""
    return VOICE_SPACES.get(number, f"space-{number}")


def recognizer_number(name: str) -> int:
    """Return the number of a recognizer; 0 for one that has none."""
    return _number(name, RECOGNIZERS, "recognizer-") or 0


def recognizer_name(number: int) -> str:
    """Return the recognizer of this number; ``recognizer-77`` for one that this release does not know."""
    return RECOGNIZERS.get(number, f"recognizer-{number}")


def known_language(number: int) -> str:
    """Return the language of this number.

    Raises:
        PayloadVersionError: this release does not know it.
    """
    if number >= len(LANGUAGES):
        raise PayloadVersionError(f"the payload names language {number}, which is unknown here; upgrade speechzip")
    return LANGUAGES[number]


def known_coder(coder_id: int, coders: Mapping[int, TextCoder]) -> TextCoder:
    """Return the text coder of this number.

    Raises:
        PayloadVersionError: this release lacks it.
    """
    if coder_id not in coders:
        raise PayloadVersionError(
            f"the payload's text is coded by model {coder_id}, which is unknown here; upgrade speechzip"
        )
    return coders[coder_id]


def _number(name: str, numbers: Mapping[int, str], prefix: str) -> int | None:
    """Return the number of `name`; a name without its own number is `prefix` followed by the number."""
    for number, known in numbers.items():
        if known == name:
            return number
    digits = name.removeprefix(prefix)
    return int(digits) if digits != name and digits.isdecimal() and int(digits) < 256 else None
