"""E-mail addresses and IBANs, written or spelled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .digits import unit_at
from .tokens import Found, Token, find_each

TOP_LEVEL = frozenset(
    """
    com org net edu gov mil int info biz io co ai app dev me tv us uk de fr es it nl be ch at se no dk fi pl cz ie pt ca
    au nz in jp cn kr br mx ar za ru eu local online site store tech xyz
    """.split()
)
DOMAINS = frozenset(
    """
    gmail yahoo hotmail outlook icloud aol proton protonmail googlemail msn live mail gmx fastmail comcast verizon
    """.split()
)
EMAIL_CUES = frozenset("email e-mail mail emails mailed".split())
CONNECTORS = {".": "dot", "dot": "dot", "point": "dot", "period": "dot", "_": "_", "underscore": "_", "-": "-",
              "dash": "-", "hyphen": "-", "plus": "+", "+": "+"}  # fmt: skip
NO_LOCAL_PART = frozenset(
    """
    is it's its it at email e-mail mail address to me my on as the a an and or of in by reach write send contact us you
    your his her their our so that's that be that with was for from into via please okay ok yes yeah um uh well here
    have has use using i'm i this which called named under about hi hello sure no right got it's name's
    """.split()
)
"""Words that never belong to an address: it begins after them."""
LOOKED_AT = frozenset(
    """
    look looked looking shop shopped shopping buy bought found find available visit visited sold out online listed read
    work works worked working start starts hosted people everyone team live lives stay available order ordered
    """.split()
)
"""Words before "at" that make no address: "look at amazon dot com"."""
ARTICLES = frozenset("the a an this that".split())
MAILBOXES = frozenset("hello hi contact".split())
"""Words that do not begin an address, unless they are its whole local part."""
LONGEST_LOCAL = 14
"""Largest number of tokens in a local part; spelled names are long."""

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "BA": 20, "BE": 16, "BG": 22, "BR": 29, "CH": 21, "CY": 28, "CZ": 24,
    "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IS": 26, "IT": 27, "KZ": 20, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18,
    "NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "TR": 26, "UA": 29,
}  # fmt: skip
"""Lengths by country, from SWIFT's IBAN registry."""
SPELLING = {word[0].upper(): word for word in
            """alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec
            romeo sierra tango uniform victor whiskey xray yankee zulu""".split()}  # fmt: skip
SPELLED = {word: letter for letter, word in SPELLING.items()} | {"alfa": "A", "juliet": "J", "whisky": "W"}


def find_emails(tokens: Sequence[Token]) -> Iterator[Found]:
    """Yield e-mail addresses: local part, "@" or "at", a domain with dots."""
    end = -1
    for position, token in enumerate(tokens):
        if token.lower not in ("@", "at") or position <= end or position == 0:
            continue
        last = _domain_end(tokens, position + 1)
        if last is None:
            continue
        written = token.text == "@"
        after_at = position + 1 + (tokens[position + 1].lower == "sign")
        first = _local_start(tokens, position - 1, end)
        if first is None or (not written and not _is_address(tokens, first, position, after_at)):
            continue
        yield Found("email", first, last)
        end = last


def _is_address(tokens: Sequence[Token], first: int, at: int, domain: int) -> bool:
    """Tell "john at gmail dot com" from "look at amazon dot com"."""
    if tokens[domain].lower in ARTICLES:
        return False
    spelled = any(token.lower in CONNECTORS or len(token.lower) == 1 for token in tokens[first + 1 : at])
    if tokens[domain].lower in DOMAINS or spelled:
        return True
    cued = not EMAIL_CUES.isdisjoint(token.lower for token in tokens[max(0, first - 12) : first])
    return cued or tokens[at - 1].lower not in LOOKED_AT


def _domain_end(tokens: Sequence[Token], position: int) -> int | None:
    """Return the last token of a domain: labels with dots between them, which end in a known top-level domain."""
    if position < len(tokens) and tokens[position].lower == "sign":
        position += 1
    last: int | None = None
    labels = 0
    while position < len(tokens):
        if not (tokens[position].text[0].isalnum()):
            return last
        start = position
        while position < len(tokens) and (tokens[position].text[0].isalnum() or tokens[position].text == "-"):
            lower = tokens[position].lower
            if lower in ("at", "@"):
                return last
            if position > start and (lower in ("dot", "point") or position - start > LONGEST_LOCAL):
                break
            position += 1
            if labels and (lower in TOP_LEVEL or _is_written_top(tokens, position - 1)):
                last = position - 1
                break
            if labels and position - start >= 3:
                return last
        labels += 1
        if position >= len(tokens) or tokens[position].lower not in (".", "dot", "point"):
            return last
        if last is not None and not _goes_on(tokens, position):
            return last
        position += 1
    return last


def _is_written_top(tokens: Sequence[Token], position: int) -> bool:
    """Whether a word ends a written domain: a dot stands right before it, and none after it."""
    token, dot = tokens[position], tokens[position - 1]
    joined = dot.text == "." and dot.end == token.start and token.is_word and 2 <= len(token.text) <= 10
    following = tokens[position + 1] if position + 1 < len(tokens) else None
    return joined and (following is None or following.start > token.end or following.text in ",;:!?)")


def _goes_on(tokens: Sequence[Token], dot: int) -> bool:
    """Whether another top-level domain follows the dot, as in "co.uk", instead of a new sentence."""
    return dot + 1 < len(tokens) and tokens[dot + 1].lower in TOP_LEVEL and (
        tokens[dot].text != "." or tokens[dot + 1].start == tokens[dot].end
    )  # fmt: skip


def _local_start(tokens: Sequence[Token], position: int, after: int) -> int | None:
    """Return the first token of the local part that ends at a token; None if there is none."""
    first: int | None = None
    plain = 0
    if tokens[position].text == "," and position > 0 and len(tokens[position - 1].text) == 1:
        position -= 1
    if tokens[position].lower in MAILBOXES:
        return position
    while position > after and (first is None or first - position <= 1):
        token = tokens[position]
        lower = token.lower
        if lower in CONNECTORS:
            if token.text in ".-" and first is not None and tokens[first].start > token.end:
                break  # the end of the sentence before
            if first is None:
                break
            plain = 0
            first = position
        elif (len(lower) == 1 and lower.isalnum()) or lower.isdecimal() or unit_at(tokens, position):
            first = position
        elif token.text == ",":
            if first is None or not _is_spelled(tokens, first):
                break
            first = position
        elif token.is_word and lower not in NO_LOCAL_PART and plain < 2:
            plain += 1
            first = position
        else:
            break
        position -= 1
    while first is not None and (tokens[first].lower in CONNECTORS or tokens[first].text == ","):
        first = first + 1 if tokens[first].utterance == tokens[min(first + 1, len(tokens) - 1)].utterance else None
    return first


def _is_spelled(tokens: Sequence[Token], position: int) -> bool:
    return len(tokens[position].lower) == 1


def find_ibans(tokens: Sequence[Token]) -> Iterator[Found]:
    """Yield IBANs of the right length for their country whose check digits are right, or that are called IBAN."""
    return find_each("iban", tokens, _iban_at)


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
