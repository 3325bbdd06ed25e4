"""Card numbers, telephone numbers and US social security numbers in runs of digits."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from .digits import DigitRun, digits_of, runs
from .figures import are_figures, are_years, without_amounts
from .tokens import Found, Kind, Token

CARD = re.compile(
    r"4\d{12}|4\d{15}|4\d{18}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}|6\d{15}|6\d{18}"
)
"""Beginnings and lengths by network (ISO/IEC 7812): Visa, Mastercard, American Express, Diners, JCB, Discover
and UnionPay, Maestro."""
CARD_START = re.compile(r"4|5[1-5]|2[2-7]|3[04-9]|6")
LONGEST_CARD = 19
NANP = re.compile(r"1?[2-9]\d\d[2-9]\d{6}")
"""Numbers of North America, https://www.nanpa.com."""
TRUNK = re.compile(r"0[1-9]\d{8,9}")
"""Numbers of most of Europe and of other countries, with the 0 that is dialed within the country."""
ABROAD = re.compile(r"(?:00|011)[1-9]\d{7,13}")
SSN = re.compile(r"(?!000)\d{3}(?!00)\d{2}(?!0000)\d{4}")

CARD_CUES = frozenset("card cards visa mastercard amex discover debit credit maestro cc".split())
PHONE_CUES = frozenset(
    """
    phone telephone call calls called calling cell cellphone mobile reach text texted dial dialed ring landline fax tel
    callback contact whatsapp voicemail sms extension
    """.split()
)
SSN_CUES = frozenset("social ssn socials".split())
OTHER_NUMBERS = frozenset(
    """
    order tracking account invoice case ticket confirmation reference policy serial flight model claim zip isbn part
    receipt booking reservation version population meter code
    """.split()
)
"""Words that announce a number of another kind, which is kept."""
NEAR, FAR, BEHIND = 12, 30, 6
"""How many tokens from a number its cue may stand: before it in the same sentence, in another speaker's question, and
behind it, as in "..., my social"."""
SENTENCE_ENDS = frozenset(".?!")
OWNERS = frozenset("my our your his her their".split())
NUMBERS = frozenset("number numbers no nr".split())
ARTICLES = frozenset("the this that a".split())


def find_numbers(tokens: Sequence[Token], before: dict[int, list[str]], kinds: frozenset[Kind]) -> Iterator[Found]:
    """Yield the numbers in a stream.

    Args:
        tokens: the stream.
        before: utterance -> the last words said before it by any speaker, in order.
        kinds: which of ``card``, ``ssn`` and ``phone`` to look for.
    """
    for run in (piece for whole in runs(tokens) for piece in without_amounts(whole, tokens)):
        context = _Context(tokens, run, before)
        rest: list[DigitRun] = []
        if "card" not in kinds:
            rest.append(run)
        else:
            for taken in _cards(run, context):
                if isinstance(taken, Found):
                    yield taken
                else:
                    rest.append(taken)
        for piece in rest:
            if "ssn" in kinds and _is_ssn(piece, context):
                yield _all("ssn", piece)
            elif "phone" in kinds:
                yield from _phones(piece, context)


class _Context:
    """The words around a run."""

    def __init__(self, tokens: Sequence[Token], run: DigitRun, before: dict[int, list[str]]) -> None:
        first = run[0].first
        self.tokens = tokens
        same = [token.lower.removesuffix("'s") for token in tokens[max(0, first - NEAR) : first]]
        asked = [word.removesuffix("'s") for word in before.get(tokens[first].utterance, [])]
        own_words = sum(token.utterance == tokens[first].utterance for token in tokens[max(0, first - FAR) : first])
        self.near = same
        self.far = asked[max(0, len(asked) - max(0, FAR - own_words)) :] + same
        last = run[-1].last + 1
        rest = itertools.takewhile(lambda token: token.text not in SENTENCE_ENDS, tokens[last : last + BEHIND])
        behind = [token.lower for token in rest]
        self.owned = {word for owner, word in itertools.pairwise(behind) if owner in OWNERS}
        self.named = {word for article, word in itertools.pairwise(behind) if article in OWNERS | ARTICLES}

    def has_phone(self) -> bool:
        """Whether a telephone is spoken of, or "my number", which is one, whatever else has a number."""
        return self.has(PHONE_CUES) or any(
            owner in OWNERS and word in NUMBERS for owner, word in itertools.pairwise(self.far)
        )

    def has(self, cues: frozenset[str]) -> bool:
        return not cues.isdisjoint(self.far) or not cues.isdisjoint(self.owned)

    def has_card(self) -> bool:
        """Whether a card is spoken of, also as "the card" behind the number: no other number has 12 digits or more."""
        return self.has(CARD_CUES) or not CARD_CUES.isdisjoint(self.named)

    def is_other_number(self) -> bool:
        """Whether the last cue before the number announces another kind, such as an order number."""
        for before, word in reversed(list(itertools.pairwise(["", *self.near]))):
            if word in OTHER_NUMBERS and (before, word) != ("area", "code"):
                return True
            if word in PHONE_CUES:
                return False
        return False

    def separators(self, run: DigitRun) -> list[str]:
        """Return the text between each two units of a run."""
        return [
            "".join(token.text for token in self.tokens[left.last + 1 : right.first])
            for left, right in itertools.pairwise(run)
        ]


def luhn(digits: str) -> bool:
    """Return whether the check digit is right (ISO/IEC 7812-1, annex B).

    Example:
        >>> luhn("4111111111111111"), luhn("4111111111111112")
        (True, False)
    """
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def _cards(
    run: DigitRun, context: _Context, lengths: Sequence[int] = (16, 15, 19, 14, 13)
) -> Iterator[Found | DigitRun]:
    """Yield card numbers of these lengths, the first length first, and the pieces of the run between them."""
    listed = not CARD_START.match(digits_of(run[:2])) and are_figures(run, context.separators(run), context.tokens)
    cued = context.has_card() and not listed
    while run:
        count = len(digits_of(run[: LONGEST_CARD + 1]))  # no unit is empty, so these tell whether there are more
        if count < 12:
            yield run
            return
        if cued and count <= LONGEST_CARD:
            yield _all("card", run)  # a digit may be misread or missing: the others are enough for misuse
            return
        if not lengths:
            yield _all("card", run) if cued else run
            return
        first, last = next(_card_windows(run, lengths[0]), (len(run), len(run)))
        if first:
            yield from _cards(run[:first], context, lengths[1:])
        if first < len(run):
            yield _all("card", run[first : last + 1])
        run = run[last + 1 :]


def _card_windows(run: DigitRun, length: int) -> Iterator[tuple[int, int]]:
    for first, last in _windows(run, length):
        digits = digits_of(run[first : last + 1])
        if CARD.fullmatch(digits) and luhn(digits):
            yield first, last


def _windows(run: DigitRun, length: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last unit of every piece of a run with that many digits."""
    for first in range(len(run)):
        total = 0
        for last in range(first, len(run)):
            total += len(run[last].digits)
            if total >= length:
                if total == length:
                    yield first, last
                break


def _is_ssn(run: DigitRun, context: _Context) -> bool:
    digits = digits_of(run)
    if context.has(SSN_CUES):
        return len(digits) in (8, 9, 10) or (len(digits) == 4 and {"last", "four"} <= set(context.far))
    if len(digits) != 9 or not SSN.fullmatch(digits) or context.is_other_number():
        return False
    groups = [0]
    written = False
    for unit, separator in zip(run, ["", *context.separators(run)], strict=True):
        was_written, written = written, len(unit.digits) > 1 and context.tokens[unit.first].text.isdecimal()
        if separator or (written and was_written):
            groups.append(0)
        groups[-1] += len(unit.digits)
    return groups == [3, 2, 4]


def _phones(run: DigitRun, context: _Context) -> Iterator[Found]:
    digits = digits_of(run)
    if len(digits) < 7 or context.is_other_number():
        return
    cued = context.has_phone()
    separators = context.separators(run)
    if are_years(run, separators) or (not cued and are_figures(run, separators, context.tokens)):
        return
    plus = run[0].first > 0 and context.tokens[run[0].first - 1].lower in ("+", "plus")
    if plus and len(digits) <= 16 and digits[0] != "0":  # no country's code begins with 0
        yield Found("phone", run[0].first - 1, run[-1].last)
    elif (
        (cued and len(digits) <= 15)
        or any(pattern.fullmatch(digits) for pattern in (TRUNK, ABROAD))
        or _is_american(run)
        or (len(digits) == 7 and separators in (["-"], ["."]) and len(run[0].digits) == 3)
    ):
        yield _all("phone", run)
    elif len(digits) > 10:
        ends = ["start", *separators, "end"]  # what stands before each unit, and behind the last one
        begin = 0
        for first, last in sorted(itertools.chain(_windows(run, 11), _windows(run, 10))):
            piece = run[first : last + 1]
            apart = (ends[first] and ends[last + 1]) or [len(unit.digits) for unit in piece][-3:] == [3, 3, 4]
            if first >= begin and (cued or apart) and _is_american(piece):
                yield _all("phone", piece)
                begin = last + 1


def _is_american(run: DigitRun) -> bool:
    """Whether digits are a number of North America whose area code ends with a unit: not "21 14, then 21 18, 19"."""
    digits = digits_of(run)
    area_code = 3 + (len(digits) == 11)
    ends = list(itertools.accumulate(len(unit.digits) for unit in run))
    across = any(end - len(unit.digits) < area_code < end for unit, end in zip(run, ends, strict=True))
    return bool(NANP.fullmatch(digits)) and not (across and max(len(unit.digits) for unit in run) < 3)


def _all(kind: Kind, run: DigitRun) -> Found:
    return Found(kind, run[0].first, run[-1].last)
