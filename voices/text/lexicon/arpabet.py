"""The phones of English: ARPAbet as the CMU Pronouncing Dictionary has it, and a symbol of its own for the schwa.

    IY beat   IH bit   EH bet   AE bat   AA father   AO bought   UH book   UW boot   AH but   ER bird   AX about
    EY bait   AY bite  OY boy   AW bout  OW boat
    P B T D K G   CH JH   F V TH DH S Z SH ZH HH   M N NG   L R W Y

Every vowel bears stress: 1 primary, 2 secondary, 0 none. The acoustic network learns contextual variants
from the recordings, as each speaker has them: the tapped t of "matter" (T between a vowel and an
unstressed one), the glottal stop of "button", syllabic n and l (AX N, AX L), the r-colored vowel of "butter" (ER 0).
"""

from __future__ import annotations

PAUSES = (",", ";", ":", "—", "…", ".", "?", "!")
"""Marks of punctuation: silence of any length, and of none."""
VOWELS = ("IY", "IH", "EH", "AE", "AA", "AO", "UH", "UW", "AH", "ER", "AX", "EY", "AY", "OY", "AW", "OW")
CONSONANTS = (
    "P", "B", "T", "D", "K", "G", "CH", "JH", "F", "V", "TH", "DH", "S", "Z", "SH", "ZH", "HH",
    "M", "N", "NG", "L", "R", "W", "Y",
)  # fmt: skip
INVENTORY = (*PAUSES, *VOWELS, *CONSONANTS)
"""Every symbol. Trained weights index it: only ever append, at the very end."""

PHONES = (*CONSONANTS, *(f"{vowel}{stress}" for vowel in VOWELS for stress in (0, 1, 2)))
"""Every phone with its stress. The dictionary and the network for unknown words index it: only ever append."""


def with_schwa(phone: str) -> str:
    """Return a phone of the dictionary ("AH0", "T"), with "AX0" for the unstressed AH; all others unchanged."""
    return "AX0" if phone == "AH0" else phone
