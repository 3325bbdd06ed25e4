"""The domains of spoken e-mail addresses: "gmail dot com", "g-mail", "blue river dot c o dot u k"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from .tokens import Token

WORD_TOPS = frozenset(
    """
    in it be me at no is us so my id cat info local online site store shop tech club live blog cloud digital email law
    studio design agency group team life world today media news church school photography photos solutions services
    company center clinic dental care health farm garden house homes land travel tours restaurant cafe pizza coffee yoga
    fitness music band art gallery film games events wedding legal finance money bank capital ventures partners
    consulting marketing social community foundation academy education university college institute network systems
    software codes page zone space fun app calm
    """.split()
)
"""Top-level domains that are English words, too; "calm" is a misheard "com"."""
TOP_LEVEL = WORD_TOPS | frozenset(
    """
    com org net edu gov mil int biz io co ai dev tv uk de fr es nl ch se dk fi pl cz ie pt ca au nz jp cn kr br mx ar za
    ru eu gr hu ro bg hr si sk ua tr il ae sa sg hk tw th vn ph cl pe ve ng ke gh lu lt lv ee rs comm xyz london nyc
    """.split()
)
DOTS = frozenset(". dot point period".split())
DASHES = frozenset("- dash hyphen".split())
PROVIDERS = frozenset(
    """
    gmail geemail yahoo hotmail outlook icloud aol protonmail googlemail msn ymail gmx fastmail comcast sbcglobal
    btinternet hushmail zoho yandex rediffmail
    """.split()
)
"""Providers of mailboxes; some are named without "dot com"."""
OTHER_PROVIDERS = frozenset("proton live mail verizon mac me att cox charter sky web free orange duck pm tuta".split())
"""Their names are words, so that a domain must follow."""
LONGEST_PROVIDER = 3
"""Tokens of a provider's name, as in "g-mail" and "a o l"."""
LONGEST_SPELLED_TOP = 4
LONGEST_LABEL = 14
"""Tokens of a piece of a domain; spelled names are long."""
MOST_LABEL_WORDS = 3
MOST_LABELS = 8


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain in a stream of spoken tokens."""

    last: int
    """Index of its last token."""
    kind: Literal["provider", "known", "unknown", "bare"]
    """A provider of mailboxes, another domain, one with an unknown top-level domain, or a provider without any."""


def domain_at(tokens: Sequence[Token], position: int) -> Domain | None:
    """Return the domain that begins at a token; None if none does."""
    if position < len(tokens) and tokens[position].lower == "www":
        return None
    provider = provider_end(tokens, position)
    if provider is None and position + 1 < len(tokens) and tokens[position].lower == "the":
        provider = provider_end(tokens, position + 1)  # "at the gmail dot com"
    if provider is not None and provider + 1 < len(tokens) and tokens[provider + 1].lower == "com":
        return Domain(provider + 1, "provider")  # "gmail com"
    last, unknown = _domain_end(tokens, position)
    if last is not None:
        named = provider is not None or tokens[position].lower in OTHER_PROVIDERS
        return Domain(last, "provider" if named else "known")
    if unknown is not None:
        return Domain(unknown, "unknown" if provider is None else "provider")
    return None if provider is None else Domain(provider, "bare")


def provider_end(tokens: Sequence[Token], position: int) -> int | None:
    """Return the last token of a provider's name that begins at a token, such as "g mail"; None if none does."""
    name = ""
    for last, token in enumerate(tokens[position : position + LONGEST_PROVIDER], position):
        name += token.lower.replace("-", "")
        if name in PROVIDERS:
            return last
    return None


def _domain_end(tokens: Sequence[Token], position: int) -> tuple[int | None, int | None]:
    """Return the last token of labels with dots between them.

    Returns:
        The end of the last known top-level domain, and that of the last word behind a spoken dot; None without one.
    """
    last: int | None = None
    unknown: int | None = None
    for number in range(MOST_LABELS):
        if position >= len(tokens):
            break
        top = _top_end(tokens, position) if number else None
        if top is not None:
            last = top
        elif number and tokens[position - 1].lower == "dot" and tokens[position].is_word:
            letters = takewhile(lambda token: len(token.text) == 1 and token.is_word, tokens[position : position + 4])
            unknown = position + max(0, sum(1 for _ in letters) - 1)
        behind = _label_end(tokens, position) if top is None else top + 1
        if behind is None or behind >= len(tokens) or tokens[behind].lower not in DOTS or _ends(tokens, behind):
            break
        if last is not None and not _goes_on(tokens, behind):
            break
        position = behind + 1
    return last, unknown


def _label_end(tokens: Sequence[Token], position: int) -> int | None:
    """Return the position behind the label that begins at a token, such as "blue river"; None if none does."""
    start = position
    while position < len(tokens) and (tokens[position].text[0].isalnum() or tokens[position].text == "-"):
        lower = tokens[position].lower
        if lower == "at" or position - start > LONGEST_LABEL or _words(tokens[start:position]) > MOST_LABEL_WORDS:
            return None
        if position > start and lower in DOTS:
            return position
        position += 1
    return position if position > start else None


def _top_end(tokens: Sequence[Token], position: int) -> int | None:
    """Return the last token of the top-level domain that begins right after a dot; None if none does."""
    lower, dot = tokens[position].lower, tokens[position - 1]
    written = dot.text == "." and _touch(dot, tokens[position]) and not _is_capitalized(tokens[position])
    if lower in WORD_TOPS and dot.lower != "dot" and not written:
        return None  # "at some point in 2014", "at 8 pm.Is that right"
    is_country = dot.lower == "dot" and len(lower) == 2 and lower.isalpha()
    if is_country or lower in TOP_LEVEL or _is_written_top(tokens, position):
        return position
    return _spelled_top(tokens, position)


def _is_written_top(tokens: Sequence[Token], position: int) -> bool:
    """Whether a word ends a written domain: a dot stands right before it, and none after it."""
    token, dot = tokens[position], tokens[position - 1]
    joined = dot.text == "." and _touch(dot, token) and token.is_word and 2 <= len(token.text) <= 10
    if _is_capitalized(token) and token.lower not in TOP_LEVEL:
        return False  # a sentence that begins without a space
    following = tokens[position + 1] if position + 1 < len(tokens) else None
    return joined and (following is None or following.start > token.end or following.text in ",;:!?)")


def _ends(tokens: Sequence[Token], dot: int) -> bool:
    """Whether a period ends a sentence: "right now. In many parts"."""
    following = tokens[dot + 1 : dot + 2]
    if not following or tokens[dot].text != "." or _touch(tokens[dot], following[0]):
        return False
    return following[0].text[0].isupper() and following[0].lower not in ("com", "org", "net", "edu", "gov")


def _is_capitalized(token: Token) -> bool:
    return token.text[0].isupper() and not token.text.isupper()


def _touch(left: Token, right: Token) -> bool:
    return left.utterance == right.utterance and left.end == right.start


def _words(label: Sequence[Token]) -> int:
    """Return how many words there are in a label; letters in a row are one, and words with a dash between them, too."""
    counted = 0
    before = ""
    for token in label:
        counted += not (before in DASHES or token.lower in DASHES or len(token.lower) == 1 == len(before))
        before = token.lower
    return counted


def _goes_on(tokens: Sequence[Token], dot: int) -> bool:
    """Whether another top-level domain follows the dot, as in "co.uk", instead of a new sentence."""
    if dot + 1 >= len(tokens) or (tokens[dot].text == "." and not _touch(tokens[dot], tokens[dot + 1])):
        return False
    return _top_end(tokens, dot + 1) is not None


def _spelled_top(tokens: Sequence[Token], position: int) -> int | None:
    """Return the last token of a spelled top-level domain, such as "c o m" or "E-D-U"; None if none begins there."""
    written = ""
    found: int | None = None
    for number, token in enumerate(tokens[position : position + 2 * LONGEST_SPELLED_TOP - 1]):
        if token.text in ".-" and written:
            continue
        if len(token.text) != 1 or not token.is_word:
            break
        written += token.lower
        if len(written) > 1 and written in TOP_LEVEL:
            found = position + number
    return found
