"""IBANs, written or spelled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .digits import unit_at
from .spelling import SPELLED, spoken_tokens
from .tokens import Found, Token, find_each

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "BA": 20, "BE": 16, "BG": 22, "BR": 29, "CH": 21, "CY": 28, "CZ": 24,
    "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IS": 26, "IT": 27, "KZ": 20, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18,
    "NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "TR": 26, "UA": 29,
}  # fmt: skip
"""Lengths by country, from SWIFT's IBAN registry."""


def find_ibans(tokens: Sequence[Token]) -> Iterator[Found]:
    """Yield IBANs whose length fits their country, and whose check digits are right or that are called an IBAN."""
    spoken = spoken_tokens(tokens)
    for found in find_each("iban", [one.token for one in spoken], _iban_at):
        yield Found("iban", spoken[found.first].first, spoken[found.last].last)


def iban_is_right(iban: str) -> bool:
    """Return whether the check digits are right (ISO 13616: the number modulo 97 is 1).

    Example:
        >>> iban_is_right("GB29NWBK60161331926819"), iban_is_right("GB28NWBK60161331926819")
        (True, False)
    """
    return int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 == 1


def _iban_at(tokens: Sequence[Token], position: int) -> int | None:
    written = ""
    length = 0
    cued = any(token.lower in ("iban", "ibans") for token in tokens[max(0, position - 8) : position])
    while position < len(tokens):
        token = tokens[position]
        unit = unit_at(tokens, position) if len(token.lower) > 1 or token.text.isdecimal() else None
        if token.text in ",.-–" and written:
            position += 1
            continue
        if unit:
            written += unit.digits
            position = unit.last
        elif len(token.lower) == 1 and token.lower.isascii() and token.lower.isalpha():
            written += "0" if len(written) in (2, 3) and token.lower == "o" else token.text.upper()
        elif token.lower in SPELLED:
            written += SPELLED[token.lower]
        elif token.text.isascii() and token.text.isalpha() and token.text.isupper() and len(token.text) <= 8:
            written += token.text
        else:
            return None
        if len(written) >= 2 and not length:
            length = IBAN_LENGTHS.get(written[:2], 0)
            if not length:
                return None
        if len(written) >= 4 and not written[2:4].isdecimal():
            return None
        if length and len(written) >= length:
            right = len(written) == length and re.fullmatch(r"[A-Z]{2}\d\d[A-Z0-9]+", written)
            return position if right and (iban_is_right(written) or cued) else None
        position += 1
    return None
