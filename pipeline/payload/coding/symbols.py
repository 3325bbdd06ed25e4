"""Numbers as symbols of one range code: the elements of a payload from format 2 on.

A writer and a reader use the same tables in the same order. The reader counts the bits of each part of the payload.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate

from ...errors import PayloadCorrupt, TextError
from ...protocols import Interval
from .rangecoder import RangeDecoder, RangeEncoder

WORK_PER_BYTE, FREE_WORK, MOST_WORK = 16, 8192, 3 << 20
"""Limits on the work of decoding hostile bytes: per byte of the code, in addition, and in total..."""
"""...where a token of text counts as much as its coder says (8 with a network), and any other symbol 1. So 4 kB have
9,216 tokens of a network at most, and a payload 393,216; real talk has 1.5 to 2.2 a byte."""
CHUNK_BITS = 16
"""Plain numbers are written in pieces of this many bits."""


class Table:
    """The odds of each value of a field, as constant whole numbers."""

    def __init__(self, frequencies: Sequence[int]) -> None:
        self.frequencies = tuple(frequencies)
        self._starts = [0, *accumulate(self.frequencies)]

    def interval(self, symbol: int) -> tuple[int, int, int]:
        """Return (start, frequency, total) of a symbol."""
        return self._starts[symbol], self.frequencies[symbol], self._starts[-1]

    def total(self) -> int:
        """Return the sum of all frequencies."""
        return self._starts[-1]

    def symbol_at(self, target: int) -> int:
        """Return the symbol that owns `target`."""
        return bisect_right(self._starts, target) - 1

    def learn(self, symbol: int) -> None:
        """Do nothing: these odds are fixed."""


class AdaptiveTable:
    """Odds that start as given and adapt to the symbols so far."""

    def __init__(self, frequencies: Sequence[int], step: int) -> None:
        """Begin with `frequencies`; a symbol gains `step` each time."""
        self.frequencies = list(frequencies)
        self._step = step
        self._total = sum(frequencies)

    def interval(self, symbol: int) -> tuple[int, int, int]:
        """Return (start, frequency, total) of a symbol."""
        return sum(self.frequencies[:symbol]), self.frequencies[symbol], self._total

    def total(self) -> int:
        """Return the sum of all frequencies."""
        return self._total

    def symbol_at(self, target: int) -> int:
        """Return the symbol that owns `target`."""
        return bisect_right(list(accumulate(self.frequencies)), target)

    def learn(self, symbol: int) -> None:
        """Raise the odds of a symbol that has been coded."""
        self.frequencies[symbol] += self._step
        self._total += self._step


AnyTable = Table | AdaptiveTable

ANY_LENGTHS = Table([8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 4, 4, 4, 2, 2, 2, 1, 1, 1, 1, 1])
"""Lengths in bits, 1 to 24, of numbers without a known distribution."""


class SymbolWriter:
    """Writes symbols."""

    def __init__(self) -> None:
        self._encoder = RangeEncoder()
        self._work = 0

    def append(self, interval: Interval, work: int = 1) -> None:
        """Append a symbol, (start, frequency, total), that counts as this much work."""
        self._encoder.encode(*interval)
        self._work += work

    def write(self, symbol: int, table: AnyTable) -> None:
        """Append a symbol with the odds of a table, which adapts to it."""
        self.append(table.interval(symbol))
        table.learn(symbol)

    def write_evenly(self, value: int, total: int) -> None:
        """Append a number in [0, total) with equal odds."""
        self.append((value, 1, total))

    def write_bits(self, value: int, width: int) -> None:
        """Append a number of `width` bits, the highest first."""
        while width > CHUNK_BITS:
            width -= CHUNK_BITS
            self.write_evenly(value >> width & (1 << CHUNK_BITS) - 1, 1 << CHUNK_BITS)
        self.write_evenly(value & (1 << width) - 1, 1 << width)

    def write_number(self, value: int, lengths: AnyTable = ANY_LENGTHS) -> None:
        """Append a number in [0, 2^24 - 1): the length of value + 1 in bits, then the bits below its highest."""
        length = (value + 1).bit_length()
        self.write(length - 1, lengths)
        if length > 1:
            self.write_bits(value + 1 - (1 << length - 1), length - 1)

    def finish(self) -> bytes:
        """Return the code, long enough for its work.

        Raises:
            TextError: it has more symbols than any payload may have.
        """
        if self._work > MOST_WORK:
            raise TextError("the payload has more words than one may have: split the recording into parts")
        return _padded(self._encoder.finish(), self._work)


class SymbolReader:
    """Reads the symbols of a `SymbolWriter`. They take up all of `code`.

    `part` names the part of the payload that they are counted to.
    """

    def __init__(self, code: bytes) -> None:
        self._code = code
        self._decoder = RangeDecoder(code)
        self._check = RangeEncoder()  # codes the symbols again: the bytes must be those of `code`
        self._most = self._left = min(WORK_PER_BYTE * len(code) + FREE_WORK, MOST_WORK)
        self.work = 1
        """The work that each symbol of `consume` counts as."""
        self.part = "header"
        self.bits: defaultdict[str, float] = defaultdict(float)
        """Part -> bits, for reports."""

    def target(self, total: int) -> int:
        """Return a number in [0, total) that the next symbol owns."""
        return self._decoder.target(total)

    def consume(self, start: int, frequency: int, total: int) -> None:
        """Advance past the symbol of text that owns [start, start + frequency) of [0, total).

        Raises:
            PayloadCorrupt: the code has more symbols than its length allows.
        """
        self._take((start, frequency, total), self.work)

    def _take(self, interval: Interval, work: int) -> None:
        _, frequency, total = interval
        self._left -= work
        if self._left < 0:
            raise PayloadCorrupt("the payload's code stands for more than its length allows; it is damaged")
        self._decoder.consume(*interval)
        self._check.encode(*interval)
        self.bits[self.part] += math.log2(total / frequency)

    def read(self, table: AnyTable) -> int:
        """Return the next symbol of a table, which adapts to it."""
        symbol = table.symbol_at(self.target(table.total()))
        self._take(table.interval(symbol), 1)
        table.learn(symbol)
        return symbol

    def read_evenly(self, total: int) -> int:
        """Return a number in [0, total)."""
        value = self.target(total)
        self._take((value, 1, total), 1)
        return value

    def read_bits(self, width: int) -> int:
        """Return a number of `width` bits."""
        value = 0
        while width > CHUNK_BITS:
            width -= CHUNK_BITS
            value = value << CHUNK_BITS | self.read_evenly(1 << CHUNK_BITS)
        return value << width | self.read_evenly(1 << width)

    def read_number(self, lengths: AnyTable = ANY_LENGTHS) -> int:
        """Return a number in [0, 2^24 - 1)."""
        length = self.read(lengths)
        return (1 << length | self.read_bits(length)) - 1 if length else 0

    def finish(self) -> None:
        """Check that a writer would have made exactly this code from these symbols.

        Raises:
            PayloadCorrupt: it is not.
        """
        if _padded(self._check.finish(), self._most - self._left) != self._code:
            raise PayloadCorrupt("the payload goes on after its last utterance, or ends early; it is damaged")


def _padded(code: bytes, work: int) -> bytes:
    """Return the code with enough zero bytes appended to allow its work."""
    return code.ljust(-(-(work - FREE_WORK) // WORK_PER_BYTE), b"\0")
