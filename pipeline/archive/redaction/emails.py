"""E-mail addresses, written or spelled.

An address is a local part, "at" and a domain (see `domains`). "At" is often misheard, and a provider's "dot com" left
out, so the less the words show, the more must speak for an address: that letters or signs are dictated, or that it is
announced, as in "my e-mail is" and "reach me at".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from .digits import REPEATED, ZEROS, unit_at
from .domains import Domain, domain_at, provider_end
from .spelling import spoken_tokens
from .tokens import Found, Token

EMAILS = frozenset("email e-mail emails mail".split())
EMAIL_CUES = EMAILS | frozenset("mailed address mailbox gmail hotmail".split())
CONNECTORS = frozenset(". dot point period _ underscore - dash hyphen plus +".split())
GOES_ON = CONNECTORS - {"."} | {"at", "@"}
MISHEARD_AT = frozenset("and add ad had hat act et".split())
"""What recognizers write for "at"."""
NO_LOCAL_PART = frozenset(
    """
    is it's its it at email e-mail mail address to me my on as the a an and or of in by reach write send contact us you
    your his her their our so that's be that with was for from into via please okay ok yes yeah um uh well here
    have has use using i'm i this which called named under about hi hello sure right got it's name's email's he she
    we they are were be been just them him like something
    """.split()
)
"""Words that belong to an address only if it is announced: otherwise it begins after them."""
INSIDE = frozenset("the a an and or of in my me i for you".split())
"""Those of them that may stand in an address that is announced, as in "the real jenny"."""
LOOKED_AT = frozenset(
    """
    look looked looking shop shopped shopping buy bought find found available visit visited sold out online listed read
    work works worked working start starts hosted people everyone live lives stay order ordered account
    covered do does did see seen over located loaded accessed accessible access place held website websites site page
    webpage homepage blog forum store channel project link information section more first
    """.split()
)
"""Words before "at" that make no address: "look at amazon dot com"."""
ARTICLES = frozenset("the a an this that".split())
DETERMINERS = ARTICLES | frozenset("some any these those every each".split())
"""Before a word that is no local part: "a post at example dot org"."""
ROLES = frozenset(
    """
    reception info office support sales accounts billing admin orders bookings enquiries inquiries service services
    press jobs careers hr help claims feedback webmaster postmaster helpdesk complaints returns
    """.split()
)
"""Mailboxes that nearly every company has."""
MAILBOXES = frozenset("hello hi contact".split())
"""Words that do not begin an address, unless they are its whole local part."""
INTRODUCING = frozenset("is it's its that's at to be on under by via".split())
REACHING = frozenset("reach contact write message find touch ping get line".split())
"""Words before "me at", which announce an address."""
PEOPLE = frozenset("me us him her them".split())
MOST_PLAIN, MOST_INTRODUCED, MOST_ANNOUNCED = 2, 5, 8
"""Words of a local part: of one without anything before it, behind "it's", and behind "my e-mail is"."""
LONGEST_LOCAL = 60
"""Tokens that are looked at for a local part; a spelled one has two for each letter."""
CUE_BEFORE = 12
"""How many tokens before an address an `EMAIL_CUES` counts."""

At = Literal["sign", "word", "misheard", "missing"]


def find_emails(stream: Sequence[Token], before: Mapping[int, Sequence[str]]) -> Iterator[Found]:
    """Yield e-mail addresses.

    Args:
        stream: a speaker's tokens.
        before: utterance -> the last words said before it by any speaker, in order.
    """
    spoken = spoken_tokens(stream)
    reader = _Reader([one.token for one in spoken], before)
    for position in range(1, len(spoken)):
        if position > reader.end and (place := reader.address_at(position)):
            first, reader.end = place
            yield Found("email", spoken[first].first, spoken[reader.end].last)


class _Reader:
    """Reads the addresses of a stream."""

    def __init__(self, tokens: Sequence[Token], before: Mapping[int, Sequence[str]]) -> None:
        self.end = -1
        """The last token of the address before."""
        self._tokens = tokens
        self._before = before

    def address_at(self, position: int) -> tuple[int, int] | None:
        """Return the first and last token of the address whose "at" stands at a token, or should stand before it."""
        word = self._lower(position)
        if word in ("@", "at"):
            return self._address("sign" if word == "@" else "word", position - 1, position + 1)
        if word in MISHEARD_AT and (place := self._address("misheard", position - 1, position + 1)):
            return place
        is_provider = provider_end(self._tokens, position) is not None
        place = self._address("missing", position - 1, position) if is_provider else None
        return place or self._joined_address(position)

    def _address(self, at: At, local_last: int, domain_first: int) -> tuple[int, int] | None:
        domain = domain_at(self._tokens, domain_first)
        first = self._local_start(local_last) if domain else None
        if domain is None or first is None or not self._is_address(at, first, local_last, domain_first, domain):
            return None
        return first, domain.last

    def _joined_address(self, position: int) -> tuple[int, int] | None:
        """Return the place of "tomatexample.com" in "e-mail me at tomatexample.com": a recognizer joined the words."""
        verb, noun, before = (self._lower(position - distance) for distance in (1, 2, 3))
        named = noun in EMAILS or (before in EMAILS and noun in PEOPLE | {"address"})
        if not (verb in ("at", "is") and named) and verb != "email's":
            return None
        domain = domain_at(self._tokens, position)
        if domain is None or domain.kind in ("unknown", "bare") or self._lower(domain.last + 1) in GOES_ON:
            return None
        return position, domain.last

    def _is_address(self, at: At, first: int, last: int, domain_first: int, domain: Domain) -> bool:
        """Tell "john at gmail dot com" from "look at amazon dot com"."""
        announced = self._is_announced(first)
        dictated = any(self._is_dictated(position) for position in range(first, last + 1))
        if at == "missing":
            return announced and domain.kind == "provider"
        if at == "misheard" and domain.kind == "provider":
            return announced or dictated
        if at == "misheard":
            return announced and dictated and domain.kind == "known"
        if domain.kind in ("unknown", "bare"):
            said = announced and self._lower(last) not in LOOKED_AT
            return said or (dictated and (domain.kind == "bare" or self._is_cued(first)))
        if at == "sign" or domain.kind == "provider" or announced or dictated or self._lower(last) in ROLES:
            return True
        article = self._lower(domain_first) in ARTICLES and not self._is_dictated(domain_first)
        if article or self._lower(last) in LOOKED_AT:
            return self._is_cued(first)
        return self._lower(first - 1) not in DETERMINERS or self._is_cued(first)

    def _local_start(self, last: int) -> int | None:
        """Return the first token of the local part that ends at a token; None if there is none."""
        if self._lower(last) in MAILBOXES:
            return last
        first: int | None = None
        is_open = True  # whether words belong to it without an announcement
        plain = 0
        for position in range(last, max(self.end, last - LONGEST_LOCAL), -1):
            token, lower = self._tokens[position], self._lower(position)
            if lower in CONNECTORS and not self._ends_sentence(position):
                plain = 0
                continue
            dictated = self._is_dictated(position)
            plain += not dictated
            stops = not dictated and lower in NO_LOCAL_PART
            if plain > MOST_ANNOUNCED or (stops and lower not in INSIDE) or not token.text[0].isalnum():
                break
            is_open = is_open and not stops and plain <= MOST_PLAIN
            introduced = plain <= MOST_INTRODUCED and not stops and self._is_introduced(position)
            if introduced or self._is_announced(position):
                return position
            if is_open:
                first = position
        return first

    def _is_dictated(self, position: int) -> bool:
        """Whether a token is a sign, a letter or a number, as in "j dot smith nine", instead of a word."""
        if self._lower(position) in CONNECTORS or self._is_number(position):
            return True
        if self._lower(position) == "and":  # "two thousand and four"
            return self._lower(position - 1) in ZEROS and self._is_number(position + 1)
        if len(self._lower(position)) > 1:
            return False
        beside = (position - 1, position + 1)
        return self._lower(position) not in ("a", "i") or any(
            len(self._lower(other)) == 1 or self._lower(other) in GOES_ON or self._is_number(other) for other in beside
        )

    def _is_number(self, position: int) -> bool:
        if not 0 <= position < len(self._tokens):
            return False
        lower = self._lower(position)
        return lower in REPEATED or lower in ZEROS or unit_at(self._tokens, position) is not None

    def _is_announced(self, position: int) -> bool:
        """Whether an address must begin at a token, behind "my e-mail is", "reach me at" or a question for it."""
        near = [self._lower(position - distance) for distance in range(1, 6)]
        if near[0] in (",", ":", "?", "-", "."):
            del near[0]
        cued = not EMAIL_CUES.isdisjoint(word.removesuffix("'s") for word in near)
        if near[0] in EMAIL_CUES:
            return self._lower(position) not in NO_LOCAL_PART  # not "e-mail me"
        if near[0].removesuffix("'s") in EMAIL_CUES:
            return True
        if near[0] in INTRODUCING and (cued or self._is_asked(position)):
            return True
        if near[0] in ("at", "on", "by", "via", "under") and near[1] in PEOPLE and near[2] in REACHING:
            return True
        return self._begins_utterance(position) and self._is_asked(position)

    def _is_introduced(self, position: int) -> bool:
        return self._lower(position - 1) in INTRODUCING or self._begins_utterance(position)

    def _is_cued(self, position: int) -> bool:
        near = {self._lower(before).removesuffix("'s") for before in range(position - CUE_BEFORE, position)}
        return not EMAIL_CUES.isdisjoint(near) or self._is_asked(position)

    def _is_asked(self, position: int) -> bool:
        """Whether the address was spoken of right before the utterance that a token stands in."""
        return not EMAIL_CUES.isdisjoint(self._before.get(self._tokens[position].utterance, []))

    def _begins_utterance(self, position: int) -> bool:
        """Whether a token is an utterance's first one, and continues nothing: "carol dot" / "jensen"."""
        if self._is_number(position) or position == 0:
            return position == 0
        before = self._tokens[position - 1]
        return before.utterance != self._tokens[position].utterance and before.lower not in CONNECTORS - {"."}

    def _ends_sentence(self, position: int) -> bool:
        """Whether a period or dash has a space behind it."""
        token, following = self._tokens[position], self._tokens[position + 1]
        return token.text in ".-" and not (token.utterance == following.utterance and token.end == following.start)

    def _lower(self, position: int) -> str:
        """Return a token in lower case; empty outside of the stream."""
        return self._tokens[position].lower if 0 <= position < len(self._tokens) else ""
