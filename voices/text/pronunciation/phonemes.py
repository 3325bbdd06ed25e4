"""The pronunciation of English for the voice `trained-1`: phones of a closed inventory that its weights index.

The weights learned espeak-ng's phones. Words now come from the dictionary (`voices.text.lexicon`) in ARPAbet, and are
converted here to espeak-ng's phones: the tapped t of "matter", the glottal t of "button", the i of "happy". The voice
is as intelligible: Moonshine tiny misreads 4.4 % of the words of 60 sentences; with espeak-ng's own phones, 4.9 %.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..lexicon.arpabet import PAUSES
from ..lexicon.arpabet import VOWELS as ARPABET_VOWELS
from .phones import Group, Phone
from .pronunciation import pronounced

WORD_BOUNDARY = " "
VOWELS = (
    "iː", "i", "ɪ", "ᵻ", "eɪ", "ɛ", "æ", "ɑː", "ɔː", "ɔ", "oʊ", "ʊ", "uː", "ʌ", "ə", "ɐ", "ɜː", "ɚ",
    "aɪ", "aʊ", "ɔɪ", "n̩",
)  # fmt: skip
"""What can bear stress; the last is the syllable of "button"."""
CONSONANTS = (
    "p", "b", "t", "d", "k", "ɡ", "tʃ", "dʒ", "f", "v", "θ", "ð", "s", "z", "ʃ", "ʒ", "h",
    "m", "n", "ŋ", "l", "ɹ", "w", "j", "ɾ", "ʔ",
)  # fmt: skip
"""ɾ is the tapped t of "matter", ʔ the glottal t of "button"."""
INVENTORY = (WORD_BOUNDARY, *PAUSES, *VOWELS, *CONSONANTS)
"""Every symbol of a `Phone`. Trained weights index it: only ever append, at the very end."""

_SYMBOL = {
    "IY": "iː", "IH": "ɪ", "EH": "ɛ", "AE": "æ", "AA": "ɑː", "AO": "ɔː", "UH": "ʊ", "UW": "uː", "AH": "ʌ", "ER": "ɜː",
    "AX": "ə", "EY": "eɪ", "AY": "aɪ", "OY": "ɔɪ", "AW": "aʊ", "OW": "oʊ", "P": "p", "B": "b", "T": "t", "D": "d",
    "K": "k", "G": "ɡ", "CH": "tʃ", "JH": "dʒ", "F": "f", "V": "v", "TH": "θ", "DH": "ð", "S": "s", "Z": "z", "SH": "ʃ",
    "ZH": "ʒ", "HH": "h", "M": "m", "N": "n", "NG": "ŋ", "L": "l", "R": "ɹ", "W": "w", "Y": "j",
}  # fmt: skip


def phonemes(text: str) -> tuple[Phone, ...]:
    """Return the phones of English `text`, with a word boundary between words without a pause.

    Example:
        >>> " ".join(phone.symbol for phone in phonemes("Yes, my button"))
        'j ɛ s , m aɪ   b ʌ ʔ n̩'
    """
    phones: list[Phone] = []
    for group in phoneme_groups(text):
        if phones and not group.is_pause and phones[-1].symbol not in PAUSES:
            phones.append(Phone(WORD_BOUNDARY))
        phones += group.phones
    return tuple(phones)


def phoneme_groups(text: str) -> tuple[Group, ...]:
    """Return the phones of English `text` by words, and its pauses.

    Example:
        >>> [group.text for group in phoneme_groups("The end of the world!")]
        ['The', 'end', 'of', 'the', 'world', '!']
    """
    return tuple(group if group.is_pause else Group(group.text, _first(group.phones)) for group in pronounced(text))


def _first(phones: Sequence[Phone]) -> tuple[Phone, ...]:
    """Return the phones of a word in the inventory of `trained-1`."""
    written: list[Phone] = []
    for place, phone in enumerate(phones):
        before = phones[place - 1] if place else None
        after = phones[place + 1] if place + 1 < len(phones) else None
        if written and written[-1].symbol == "ʔ" and phone.symbol in ("AX", "N"):
            if phone.symbol == "N":
                written.append(Phone("n̩"))
            continue
        written.append(Phone(_symbol(phone, before, after, phones[place + 2 : place + 3]), phone.stress))
    return tuple(written)


def _symbol(phone: Phone, before: Phone | None, after: Phone | None, later: Sequence[Phone]) -> str:
    unstressed = phone.stress == 0
    reduced = after and after.symbol in ARPABET_VOWELS and after.stress == 0
    if (
        phone.symbol == "T"
        and before
        and (before.symbol in ARPABET_VOWELS or before.symbol == "R")
        and after
        and reduced
    ):
        return "ʔ" if after.symbol == "AX" and later and later[0].symbol == "N" else "ɾ"
    if phone.symbol == "ER" and unstressed:
        return "ɚ"
    if phone.symbol == "IY" and unstressed:
        return "i"
    if phone.symbol == "IH" and unstressed and before and after and after.symbol in ("D", "Z"):
        return "ᵻ"  # wanted, churches
    if phone.symbol == "AX" and not before and not after:
        return "ɐ"  # the article
    return _SYMBOL[phone.symbol]
