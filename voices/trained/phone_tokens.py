"""Phones as input of the acoustic network: numbers for symbol, stress and position in the word."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from ..text.pronunciation.phonemes import INVENTORY, phoneme_groups
from ..text.pronunciation.phones import Group, Phone

PAUSE, FIRST, INSIDE, LAST = range(4)
"""Position of a phone in its word; the only phone of a word is the first."""

_INDEX = {symbol: index for index, symbol in enumerate(INVENTORY)}

Token = tuple[int, int, int]
"""Index in `INVENTORY`, stress (0, 1 or 2), position in the word."""


def pause_token(mark: str) -> Token:
    """Return the token of a pause, possibly of zero length, at a mark of punctuation."""
    return _INDEX[mark], 0, PAUSE


def word_tokens(phones: tuple[Phone, ...]) -> list[Token]:
    """Return the tokens of one word."""
    last = len(phones) - 1
    return [
        (_INDEX[phone.symbol], phone.stress, FIRST if place == 0 else LAST if place == last else INSIDE)
        for place, phone in enumerate(phones)
    ]


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
        >>> text_tokens("Yes.")[:, 0].tolist() == [INVENTORY.index(symbol) for symbol in (".", "j", "ɛ", "s", ".")]
        True
    """
    return np.array(group_tokens(phoneme_groups(text)), np.int64).reshape(-1, 3)
