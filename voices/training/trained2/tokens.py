"""Phones as input of the second network: index in the inventory, stress, position in the word."""

from __future__ import annotations

from collections.abc import Sequence

from ...text.lexicon.arpabet import INVENTORY
from ...text.pronunciation.phones import Phone

PAUSE, FIRST, INSIDE, LAST, ONLY = range(5)
"""Position of a phone in its word."""
_INDEX = {symbol: index for index, symbol in enumerate(INVENTORY)}

Token = tuple[int, int, int]


def pause_token(mark: str) -> Token:
    """Return the token of a pause."""
    return _INDEX[mark], 0, PAUSE


def word_tokens(phones: Sequence[Phone]) -> list[Token]:
    """Return the tokens of one word."""
    last = len(phones) - 1
    places = [ONLY] if last == 0 else [FIRST, *[INSIDE] * (last - 1), LAST]
    return [(_INDEX[phone.symbol], phone.stress, place) for phone, place in zip(phones, places, strict=True)]
