"""The timing symbols of payloads, by the table that codes them, and the bits that tables take for them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ..payload import timing
from ..payload.coding.symbols import AdaptiveTable, AnyTable, SymbolWriter
from ..payload.limits import ticks
from ..types import Payload

ODDS: Mapping[str, Sequence[int]] = {
    "turn": timing.TURN_ODDS[0],
    "turn after two of one speaker": timing.TURN_ODDS[1],
    "turn of the only speaker": timing.ONLY_SPEAKER_ODDS,
    "gap, same speaker": timing.SAME_GAP_ODDS,
    "gap, another speaker": timing.OTHER_GAP_ODDS,
    "gap, another channel": timing.CHANNEL_GAP_ODDS,
    "duration, no words": timing.WORDLESS_SURPLUS_ODDS,
    "duration, short text": timing.SHORT_SURPLUS_ODDS,
    "duration, long text": timing.LONG_SURPLUS_ODDS,
    "confidence": timing.CONFIDENCE_ODDS,
}
"""Name of each adaptive table of the timing -> the odds it starts with, as shipped."""

Symbols = tuple[int, ...]
"""The symbols of one table in one payload, in order."""


class _Tally(SymbolWriter):
    """Keeps the symbols of each adaptive table, besides writing them."""

    def __init__(self) -> None:
        super().__init__()
        self.symbols: defaultdict[str, list[int]] = defaultdict(list)
        self._names: dict[AnyTable, str] = {}

    def write(self, symbol: int, table: AnyTable) -> None:
        if isinstance(table, AdaptiveTable):
            if table not in self._names:  # before it has learned anything: its odds tell which one it is
                self._names[table] = next(name for name, odds in ODDS.items() if list(odds) == table.frequencies)
            self.symbols[self._names[table]].append(symbol)
        super().write(symbol, table)


def tally(payload: Payload) -> dict[str, Symbols]:
    """Return the symbols that each table of `ODDS` codes in a payload of format 4; tables without any are left out."""
    tally = _Tally()
    turns = timing.Turns(len(payload.speakers))
    clock = timing.Clock([timing.pace_of(speaker.voice) for speaker in payload.speakers], payload.channels)
    confidence = AdaptiveTable(timing.CONFIDENCE_ODDS, timing.LEARNING_STEP)
    duration = ticks(payload.duration_s)
    for utterance in payload.utterances:
        turns.write(utterance.speaker, tally)
        clock.write_start(min(duration, ticks(utterance.start_s)), duration, turns.is_same, tally)
        # The nearest duration, whatever it costs: odds are of what people do, not of what the odds before favored.
        length = ticks(timing.nearest_duration_s(utterance.duration_s))
        clock.write_duration(length, utterance.speaker, len(utterance.text), None, tally)
        if not utterance.unread:
            tally.write(int(utterance.confidence >= timing.LEAST_CONFIDENCE), confidence)
    turns.write(None, tally)
    return {name: tuple(symbols) for name, symbols in tally.symbols.items()}


def coded_bits(odds: Sequence[int], payloads: Iterable[Symbols], step: int = timing.LEARNING_STEP) -> float:
    """Return the bits of symbols coded by an adaptive table that starts anew with each payload.

    Example:
        >>> coded_bits((32, 32), [(0, 0)])  # 1 bit, then the odds are 64 : 32
        1.5849625007211563
    """
    bits = 0.0
    first_total = sum(odds)
    for symbols in payloads:
        seen: Counter[int] = Counter()
        for count, symbol in enumerate(symbols):
            bits += math.log2((first_total + step * count) / (odds[symbol] + step * seen[symbol]))
            seen[symbol] += 1
    return bits


def entropy(payloads: Iterable[Symbols]) -> float:
    """Return the bits of symbols by their own frequencies, which no decoder knows: a bound on what fixed odds reach."""
    counts = Counter(symbol for symbols in payloads for symbol in symbols)
    return sum(count * math.log2(counts.total() / count) for count in counts.values())
