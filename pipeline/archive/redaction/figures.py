"""Numbers that count and measure, and are nobody's: amounts, lists, scores, times and years."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from .digits import DigitRun, digits_of, number_of
from .tokens import Token

MOST_AMOUNT_DIGITS = 9
"""Recognizers also write telephone and card numbers as 4,155,552,671, so longer ones are amounts only if thousands."""


def without_amounts(run: DigitRun, tokens: Sequence[Token]) -> Iterator[DigitRun]:
    """Yield the pieces of a run between amounts such as 1,204 and 725,000."""
    piece: DigitRun = []
    for group in _joined_by_commas(run, tokens):
        lengths = [len(unit.digits) for unit in group]
        in_thousands = len(group) > 1 and lengths[0] <= 3 and set(lengths[1:]) == {3}
        short = sum(lengths) <= MOST_AMOUNT_DIGITS or digits_of(group).endswith("000")
        around = [
            *tokens[max(0, group[0].first - 1) : group[0].first],
            *tokens[group[-1].last + 1 : group[-1].last + 2],
        ]
        alone = not any(token.text.isdecimal() for token in around)  # not "800,555 0199"
        if not (in_thousands and short and alone):
            piece += group
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def _joined_by_commas(run: DigitRun, tokens: Sequence[Token]) -> Iterator[DigitRun]:
    """Yield the units of a run, those together that are written with nothing but a comma between."""
    group = run[:1]
    for before, unit in itertools.pairwise(run):
        comma, start = tokens[before.last + 1], tokens[unit.first]
        touching = tokens[before.last].end == comma.start and comma.end == start.start
        if comma.text == "," and unit.first == before.last + 2 and touching and comma.utterance == start.utterance:
            group.append(unit)
        else:
            yield group
            group = [unit]
    yield group


def are_figures(run: DigitRun, separators: Sequence[str], tokens: Sequence[Token]) -> bool:
    """Whether the units of a run are several numbers rather than one.

    Args:
        run: the units.
        separators: the text between each two of them.
        tokens: the stream that they are in.
    """
    return _are_listed(run, separators) or _are_measured(run, separators, tokens)


def are_years(run: DigitRun, separators: Sequence[str]) -> bool:
    """Whether all units are years, with something between: "2016 and 2019"."""
    return all(separators) and all(len(unit.digits) == 4 and unit.digits[:2] in ("19", "20") for unit in run)


def _are_listed(run: DigitRun, separators: Sequence[str]) -> bool:
    """Whether numbers are listed or counted.

    Examples are "4, 8, 15, 16, 23 and 42", "twenty-one fifteen, and twenty-one nine", "three two one", and groups
    that are alike, as of scores and times: "6 4, 3 6, 7 5", "7 05, 7 35, 8 05".
    """
    if len(run) < 4:
        return False
    values = [number_of(unit.digits) for unit in run]
    steps = {right - left for left, right in itertools.pairwise(values)}
    rising = max(values) < 100 and min(steps) > 0 and all(separators)
    paired = ",and" in separators and all(len(unit.digits) > 1 for unit in run)
    between = list(filter(None, separators))
    enumerated = len(between) > 2 and "and" in between[-1] and all("," in separator for separator in between[:-1])
    return steps in ({1}, {-1}) or rising or paired or enumerated or _are_alike(run, separators)


def _are_alike(run: DigitRun, separators: Sequence[str]) -> bool:
    """Whether three groups or more have the same lengths; those after a 0 may be a telephone number's pairs."""
    groups = [[len(run[0].digits)]]
    for unit, separator in zip(run[1:], separators, strict=True):
        if separator:
            groups.append([])
        groups[-1].append(len(unit.digits))
    alike = len(groups) > 2 and groups.count(groups[0]) == len(groups)
    return alike and len(groups[0]) > 1 and run[0].digits[0] != "0"


def _are_measured(run: DigitRun, separators: Sequence[str], tokens: Sequence[Token]) -> bool:
    """Whether there are times or decimals among the numbers: "02:12:59", "358.64"."""
    return any(
        ":" in separator or (separator == "." and len(unit.digits) < 3 and tokens[unit.first].text.isdecimal())
        for unit, separator in zip(run[1:], separators, strict=True)
    )
