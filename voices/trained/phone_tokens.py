"""Phones as input of the acoustic network: index in the inventory, stress, position in the word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from ..text.lexicon.arpabet import INVENTORY
from ..text.pronunciation.phones import Group, Phone
from ..text.pronunciation.pronunciation import pronounced

PAUSE, FIRST, INSIDE, LAST, ONLY = range(5)
"""Position of a phone in its word."""

_INDEX = {symbol: index for index, symbol in enumerate(INVENTORY)}

Token = tuple[int, int, int]
"""Index in `INVENTORY`, stress (0, 1 or 2), position in the word."""


def pause_token(mark: str) -> Token:
    """Return the token of a pause, possibly of zero length, at a mark of punctuation."""
    return _INDEX[mark], 0, PAUSE


def word_tokens(phones: Sequence[Phone]) -> list[Token]:
    """Return the tokens of one word."""
    last = len(phones) - 1
    places = [ONLY] if last == 0 else [FIRST, *[INSIDE] * (last - 1), LAST]
    return [(_INDEX[phone.symbol], phone.stress, place) for phone, place in zip(phones, places, strict=True)]


def group_tokens(groups: Iterable[Group]) -> list[Token]:
    """Return the tokens of words and pauses, with a pause at either end; empty if there is no word."""
    tokens: list[Token] = []
    words = False
    for group in groups:
        if group.is_pause:
            tokens.append(pause_token(group.phones[0].symbol))
        else:
            tokens += word_tokens(group.phones)
            words = True
    if not words:
        return []
    start = [] if tokens[0][2] == PAUSE else [pause_token(".")]
    end = [] if tokens[-1][2] == PAUSE else [pause_token(".")]
    return start + tokens + end


def text_tokens(text: str) -> npt.NDArray[np.int64]:
    """Return the tokens of English `text`, int64 [N, 3]; N is 0 if there is nothing to speak.

    Example:
        >>> text_tokens("Yes.")[:, 0].tolist() == [INVENTORY.index(symbol) for symbol in (".", "Y", "EH", "S", ".")]
        True
    """
    return np.array(group_tokens(pronounced(text)), np.int64).reshape(-1, 3)
