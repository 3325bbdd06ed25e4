"""A prior of the voices of one space: the odds of each number of a voice, given those before it.

A prior is a text file of whole numbers, one line for each number of the voice, in the order of its bits:

    width spread bias weight weight ...    width: bits of the number
                                           spread: the squared distance from the prediction, in steps of 1/32,
                                           at which the odds are a quarter of the highest
                                           bias, weights: the prediction from the first numbers before, in steps of
                                           2^-17

A prior codes voices of any size that holds whole numbers: the first ones. The bits of the last byte after the last
whole number are zero in every voice that a prior can code.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import accumulate

from .coding.symbols import SymbolReader, SymbolWriter, Table

STEPS = 32
"""Predictions are in steps of 1/32."""
WEIGHT_BITS = 12
HEIGHT = 1 << 20
"""Odds of exactly the predicted value; every value has at least..."""
LEAST_ODDS = 1 << 9


@dataclass(frozen=True, slots=True)
class _Number:
    """One line of a prior."""

    width: int
    spread: int
    bias: int
    weights: tuple[int, ...]

    def odds(self, before: list[int]) -> Table:
        """Return the odds of every value, given the numbers before it: Student's t with three degrees of freedom."""
        weighted = sum(weight * number for weight, number in zip(self.weights, before, strict=False))
        predicted = self.bias + weighted >> WEIGHT_BITS
        return Table(
            [
                LEAST_ODDS + HEIGHT * self.spread**2 // ((STEPS * value - predicted) ** 2 + self.spread) ** 2
                for value in range(1 << self.width)
            ]
        )


class VoicePrior:
    """The odds of the voices of one space and size."""

    def __init__(self, lines: str, size: int | None = None) -> None:
        """Read the text of a prior's file, for voices of `size` bytes; by default as many as all numbers need."""
        rows = [[int(number) for number in line.split()] for line in lines.splitlines()]
        self._numbers = [_Number(width, spread, bias, tuple(weights)) for width, spread, bias, *weights in rows]
        ends = list(accumulate(number.width for number in self._numbers))
        self.size = (ends[-1] + 7) // 8 if size is None else size
        """Size of a voice, in bytes."""
        self._numbers = self._numbers[: bisect_right(ends, 8 * self.size)]
        self.widths = tuple(number.width for number in self._numbers)
        """Bits of each number of a voice."""
        self._bits = sum(self.widths)

    def knows(self, embedding: bytes) -> bool:
        """Return whether a voice can be coded: it has the right length, and zeros after its last number."""
        return len(embedding) == self.size and not int.from_bytes(embedding, "little") >> self._bits

    def write(self, embedding: bytes, writer: SymbolWriter) -> None:
        """Append a voice that the prior knows."""
        packed = int.from_bytes(embedding, "little")
        before: list[int] = []
        for number in self._numbers:
            value = packed & (1 << number.width) - 1
            packed >>= number.width
            writer.write(value, number.odds(before))
            before.append(value)

    def read(self, reader: SymbolReader) -> bytes:
        """Return the next voice."""
        packed = place = 0
        before: list[int] = []
        for number in self._numbers:
            before.append(reader.read(number.odds(before)))
            packed |= before[-1] << place
            place += number.width
        return packed.to_bytes(self.size, "little")


@lru_cache
def voice_prior(name: str, size: int) -> VoicePrior:
    """Return a prior that ships, for voices of `size` bytes."""
    return VoicePrior(files(__name__.rpartition(".")[0]).joinpath(f"{name}.prior").read_text("ascii"), size)
