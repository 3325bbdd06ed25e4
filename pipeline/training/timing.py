"""Fit the odds of turns, gaps, durations and confidence to conversations.

The shape of each table is a function of a few whole numbers. The fit changes one of them at a time and keeps
what takes fewer bits, coded as in payloads: adaptively, from the start of each conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..payload import timing
from ..types import Payload
from .tallies import ODDS, Symbols, coded_bits, entropy, tally

Shape = dict[str, int]
"""The whole numbers that a table is made from."""

FACTORS = (0.5, 0.8, 1.25, 2.0)
"""Changes that the fit tries, besides one more and one less."""
LEAST_GAIN = 0.05
"""Bits that a change must save in all conversations together."""

GAP_START: Shape = {"spike": 64, "hump": 128, "center": 16, "spread": 16, "long": 64, "overlap": 64}
SURPLUS_START: Shape = {"spread": 64}
FREE_START = 64
"""Where the fit begins: none of it is taken from the shipped tables."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table after the fit, beside the shipped one. Bits are sums over all conversations."""

    table: str
    """Its name in `ODDS`."""
    symbols: int
    """Number of symbols."""
    shape: Shape
    """The fitted numbers."""
    bits: float
    """With the fitted odds."""
    unseen_bits: float
    """Each conversation with odds fitted to all others: what the fit is worth for conversations it has not seen."""
    shipped_bits: float
    """With the shipped odds."""
    entropy: float
    """By the symbols' own frequencies."""


def fit_tables(payloads: Iterable[Payload]) -> list[Fitted]:
    """Return every table that has symbols in the payloads, fitted to them."""
    tallies = [tally(payload) for payload in payloads]
    found: list[Fitted] = []
    for table in ODDS:
        symbols = [one[table] for one in tallies if table in one]
        if not symbols:
            continue
        make, start = _shape_of(table)
        shape = fit(make, start, symbols)
        rest = (symbols[:index] + symbols[index + 1 :] for index in range(len(symbols)))
        unseen = [coded_bits(make(fit(make, start, others)), [one]) for one, others in zip(symbols, rest, strict=True)]
        found.append(
            Fitted(
                table,
                sum(map(len, symbols)),
                shape,
                coded_bits(make(shape), symbols),
                sum(unseen),
                coded_bits(ODDS[table], symbols),
                entropy(symbols),
            )
        )
    return found


def fit(make: Callable[[Shape], Sequence[int]], start: Shape, payloads: Sequence[Symbols]) -> Shape:
    """Return the shape whose odds take the fewest bits for the symbols, as far as single changes find it."""
    best, bits = dict(start), coded_bits(make(start), payloads)
    improved = True
    while improved:
        improved = False
        for name in best:
            for change in {round(best[name] * factor) for factor in FACTORS} | {best[name] + 1, best[name] - 1}:
                if change < 1:
                    continue
                tried = {**best, name: change}
                needed = coded_bits(make(tried), payloads)
                if needed < bits - LEAST_GAIN:
                    best, bits, improved = tried, needed, True
    return best


def report(tables: Iterable[Fitted]) -> list[str]:
    """Return the tables' bits a symbol as a table in Markdown, then the fitted shapes."""
    tables = list(tables)
    heads = ("table", "symbols", "shipped", "fitted", "fitted, unseen", "entropy")
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    for one in tables:
        bits = (one.shipped_bits, one.bits, one.unseen_bits, one.entropy)
        lines.append(f"| {one.table} | {one.symbols} | {' | '.join(f'{part / one.symbols:.2f}' for part in bits)} |")
    return [*lines, "", *(f"{one.table}: {_spelled(one.shape)}" for one in tables)]


def _shape_of(table: str) -> tuple[Callable[[Shape], Sequence[int]], Shape]:
    """Return (how its odds are made from a shape, where the fit begins)."""
    if table.startswith("gap"):
        return (lambda shape: timing.gap_odds(**shape)), GAP_START
    if table.startswith("duration"):
        return (lambda shape: timing.surplus_odds(**shape)), SURPLUS_START
    return (lambda shape: tuple(shape.values())), {str(symbol): FREE_START for symbol in range(len(ODDS[table]))}


def _spelled(shape: Mapping[str, int]) -> str:
    return " ".join(f"{name}={value}" for name, value in shape.items())
