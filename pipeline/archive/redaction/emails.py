"""E-mail addresses, written or spelled."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from .digits import unit_at
from .spelling import spoken_tokens
from .tokens import Found, Token

TOP_LEVEL = frozenset(
    """
    com org net edu gov mil int info biz io co ai app dev me tv us uk de fr es it nl be ch at se no dk fi pl cz ie pt ca
    au nz in jp cn kr br mx ar za ru eu local online site store tech xyz
    """.split()
)
ENGLISH_TOPS = frozenset("in it be me at no is us so".split())
"""Top-level domains that are English words, too."""
DOTS = frozenset(". dot point".split())
DOMAINS = frozenset(
    """
    gmail yahoo hotmail outlook icloud aol proton protonmail googlemail msn live mail gmx fastmail comcast verizon
    """.split()
)
EMAIL_CUES = frozenset("email e-mail mail emails mailed address".split())
CONNECTORS = {".": "dot", "dot": "dot", "point": "dot", "period": "dot", "_": "_", "underscore": "_", "-": "-",
              "dash": "-", "hyphen": "-", "plus": "+", "+": "+"}  # fmt: skip
NO_LOCAL_PART = frozenset(
    """
    is it's its it at email e-mail mail address to me my on as the a an and or of in by reach write send contact us you
    your his her their our so that's that be that with was for from into via please okay ok yes yeah um uh well here
    have has use using i'm i this which called named under about hi hello sure right got it's name's
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
INTRODUCING = frozenset("is it's its that's at to".split())
MOST_WORDS = 5
"""Words in a row of a local part; more than two only in "my e-mail is", so that "ask bob at gmail dot com" is one."""
LONGEST_SPELLED_TOP = 4
LONGEST_LABEL = 14
"""Tokens of a piece of a domain; spelled names are long."""
MOST_LABEL_WORDS = 3


def find_emails(stream: Sequence[Token]) -> Iterator[Found]:
    """Yield e-mail addresses: local part, "@" or "at", a domain with dots."""
    spoken = spoken_tokens(stream)
    tokens = [one.token for one in spoken]
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
        yield Found("email", spoken[first].first, spoken[last].last)
        end = last


def _is_address(tokens: Sequence[Token], first: int, at: int, domain: int) -> bool:
    """Tell "john at gmail dot com" from "look at amazon dot com"."""
    if tokens[domain].lower in ARTICLES:
        return False
    spelled = any(token.lower in CONNECTORS or len(token.lower) == 1 for token in tokens[first + 1 : at])
    if tokens[domain].lower in DOMAINS or spelled:
        return True
    return _is_cued(tokens, first) or tokens[at - 1].lower not in LOOKED_AT


def _domain_end(tokens: Sequence[Token], position: int) -> int | None:
    """Return the last token of a domain: labels with dots between them, which end in a known top-level domain."""
    if position < len(tokens) and tokens[position].lower == "sign":
        position += 1
    last: int | None = None
    is_first = True
    while position < len(tokens):
        top = None if is_first else _top_end(tokens, position)
        if top is not None:
            last = top
        behind = _label_end(tokens, position) if top is None else top + 1
        if behind is None or behind >= len(tokens) or tokens[behind].lower not in DOTS or _ends(tokens, behind):
            return last
        if last is not None and not _goes_on(tokens, behind):
            return last
        is_first = False
        position = behind + 1
    return last


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
    if lower in ENGLISH_TOPS and not (dot.lower == "dot" or (dot.text == "." and _touch(dot, tokens[position]))):
        return None  # "at some point in 2014"
    if lower in TOP_LEVEL or _is_written_top(tokens, position):
        return position
    return _spelled_top(tokens, position)


def _is_written_top(tokens: Sequence[Token], position: int) -> bool:
    """Whether a word ends a written domain: a dot stands right before it, and none after it."""
    token, dot = tokens[position], tokens[position - 1]
    joined = dot.text == "." and _touch(dot, token) and token.is_word and 2 <= len(token.text) <= 10
    following = tokens[position + 1] if position + 1 < len(tokens) else None
    return joined and (following is None or following.start > token.end or following.text in ",;:!?)")


def _ends(tokens: Sequence[Token], dot: int) -> bool:
    """Whether a period ends a sentence: "right now. In many parts"."""
    following = tokens[dot + 1 : dot + 2]
    if not following or tokens[dot].text != "." or _touch(tokens[dot], following[0]):
        return False
    return following[0].text[0].isupper() and following[0].lower not in ("com", "org", "net", "edu", "gov")


def _touch(left: Token, right: Token) -> bool:
    return left.utterance == right.utterance and left.end == right.start


def _words(label: Sequence[Token]) -> int:
    """Return how many words there are in a label; letters in a row are one."""
    spelled = [len(token.text) == 1 for token in label]
    return sum(not (this and before) for before, this in itertools.pairwise([False, *spelled]))


def _goes_on(tokens: Sequence[Token], dot: int) -> bool:
    """Whether another top-level domain follows the dot, as in "co.uk", instead of a new sentence."""
    if dot + 1 >= len(tokens) or (tokens[dot].text == "." and not _touch(tokens[dot], tokens[dot + 1])):
        return False
    return tokens[dot + 1].lower in TOP_LEVEL or _spelled_top(tokens, dot + 1) is not None


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


def _local_start(tokens: Sequence[Token], position: int, after: int) -> int | None:
    """Return the first token of the local part that ends at a token; None if there is none."""
    if tokens[position].lower in MAILBOXES:
        return position
    first: int | None = None
    second: int | None = None  # where the part begins if only the two words in front belong to it
    plain = 0
    while position > after and (first is None or first - position <= 1):
        token = tokens[position]
        lower = token.lower
        if lower in CONNECTORS:
            if first is None or (token.text in ".-" and tokens[first].start > token.end):
                break  # the end of the sentence before
            plain = 0
        elif token.is_word and len(lower) > 1 and not unit_at(tokens, position):
            if lower in NO_LOCAL_PART or plain == MOST_WORDS:
                break
            plain += 1
        elif not token.text.isalnum():
            break
        first = position
        second = position if plain <= 2 else second
        position -= 1
    if plain > 2 and not (position > 0 and tokens[position].lower in INTRODUCING and _is_cued(tokens, position)):
        first = second
    while first is not None and tokens[first].lower in CONNECTORS:
        first = first + 1 if tokens[first].utterance == tokens[min(first + 1, len(tokens) - 1)].utterance else None
    return first


def _is_cued(tokens: Sequence[Token], position: int) -> bool:
    return not EMAIL_CUES.isdisjoint(token.lower for token in tokens[max(0, position - 12) : position])
