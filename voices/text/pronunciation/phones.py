"""Phones with their stress, and groups of them: words and pauses."""

from __future__ import annotations

from dataclasses import dataclass

from ..lexicon.arpabet import PAUSES


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone, word boundary or pause."""

    symbol: str
    """A member of an inventory: `arpabet.INVENTORY` or `phonemes.INVENTORY`."""
    stress: int = 0
    """Of a vowel: 1 primary, 2 secondary, 0 none; 0 for all else."""


@dataclass(frozen=True, slots=True)
class Group:
    """The phones of one word, or one pause."""

    text: str
    """The word as `normalize_text` has it, or the mark of the pause."""
    phones: tuple[Phone, ...]
    """At least one; no word boundaries."""

    @property
    def is_pause(self) -> bool:
        """Whether this is a pause, possibly of zero length, rather than a word."""
        return self.phones[0].symbol in PAUSES
