"""Fit the prior of a voice space to voices of many speakers.

Each number of a voice is predicted from the numbers before it, by least squares that pull the weights toward zero.
The spread is the best one for the errors of predictions of voices that the fit has not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..payload.coding.symbols import AnyTable, SymbolWriter
from ..payload.voiceprior import STEPS, WEIGHT_BITS, VoicePrior

FOLDS = 10
"""Groups of neighboring voices, each of which is predicted from all others: voices of one speaker are neighbors."""


def read_numbers(embedding: bytes, widths: Sequence[int]) -> list[int]:
    """Return the numbers of a voice, whose widths in bits are given in the order of its bits.

    Example:
        >>> read_numbers(bytes([0x4F, 0x01]), (8, 4, 4))
        [79, 1, 0]
    """
    packed = int.from_bytes(embedding, "little")
    numbers: list[int] = []
    for width in widths:
        numbers.append(packed & (1 << width) - 1)
        packed >>= width
    return numbers


PREDICTED = 40
"""Numbers that are predicted from those before them: prosody and what a voice of 16 bytes has. Later ones are principal
components, which hardly depend on others."""


def fit_prior(voices: Sequence[bytes], widths: Sequence[int], ridge: float) -> str:
    """Return the text of a prior's file.

    Args:
        voices: one of each speaker; at least `FOLDS`.
        widths: of the numbers of a voice, in bits, in the order of its bits.
        ridge: how strongly weights are pulled toward zero: as if so many more voices showed no dependence.
    """
    if len(voices) < FOLDS:
        raise ValueError(f"{len(voices)} voices are too few for a prior; give at least {FOLDS}")
    numbers = np.array([read_numbers(voice, widths) for voice in voices], np.float64)
    lines: list[str] = []
    for at, width in enumerate(widths):
        before, wanted = numbers[:, : at if at < PREDICTED else 0], numbers[:, at]
        weights, bias = _regress(before, wanted, ridge)
        spread = _spread(_unseen_errors(before, wanted, ridge) * STEPS)
        unit = STEPS << WEIGHT_BITS
        row = [width, max(1, round(spread)), round(bias * unit), *(round(weight * unit) for weight in weights)]
        lines.append(" ".join(map(str, row)))
    return "\n".join(lines) + "\n"


def unseen_bits(voices: Sequence[bytes], widths: Sequence[int], ridge: float) -> float:
    """Return the bits a voice with priors fitted to the other voices, in `FOLDS` groups."""
    bits = 0.0
    for fold in range(FOLDS):
        inside = _folds(len(voices)) == fold
        unseen = [voice for voice, is_inside in zip(voices, inside, strict=True) if is_inside]
        others = [voice for voice, is_inside in zip(voices, inside, strict=True) if not is_inside]
        bits += voice_bits(VoicePrior(fit_prior(others, widths, ridge)), unseen) * len(unseen)
    return bits / len(voices)


def voice_bits(prior: VoicePrior, voices: Iterable[bytes]) -> float:
    """Return the mean bits a voice."""
    writer = _Counter()
    count = 0
    for voice in voices:
        prior.write(voice, writer)
        count += 1
    return writer.bits / count


class _Counter(SymbolWriter):
    """Counts the bits that would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.bits = 0.0

    def write(self, symbol: int, table: AnyTable) -> None:
        _, frequency, total = table.interval(symbol)
        self.bits += float(np.log2(total / frequency))


def _regress(
    before: NDArray[np.float64], wanted: NDArray[np.float64], ridge: float
) -> tuple[NDArray[np.float64], float]:
    """Return (weights, bias) of the prediction; numbers count in units of their standard deviation."""
    mean, scale = before.mean(axis=0), before.std(axis=0) + 1e-9
    normal = (before - mean) / scale
    squares: NDArray[np.float64] = normal.T @ normal + ridge * np.eye(before.shape[1])
    products: NDArray[np.float64] = normal.T @ (wanted - wanted.mean())
    weights: NDArray[np.float64] = np.linalg.solve(squares, products) / scale
    return weights, float(wanted.mean() - weights @ mean)


def _folds(count: int) -> NDArray[np.int64]:
    """Return the group of each voice."""
    return np.arange(count) * FOLDS // count


def _spread(errors: NDArray[np.float64]) -> float:
    """Return the spread by which odds of (1 + error^2 / spread)^-2 take the fewest bits for the errors."""
    squares = errors**2 + 1e-9
    spreads = np.mean(squares) * np.geomspace(1 / 4, 8, 200)
    nats = np.log(spreads) / 2 + 2 * np.log1p(squares / spreads[:, np.newaxis]).mean(axis=1)
    return float(spreads[np.argmin(nats)])


def _unseen_errors(before: NDArray[np.float64], wanted: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    errors = np.empty_like(wanted)
    for fold in range(FOLDS):
        inside = _folds(len(wanted)) == fold
        weights, bias = _regress(before[~inside], wanted[~inside], ridge)
        errors[inside] = wanted[inside] - before[inside] @ weights - bias
    return errors
