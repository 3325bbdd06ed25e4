"""Numbers with 95 % intervals, by bootstrap over recordings (Bisani and Ney 2004)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ROUNDS = 1000
"""Resamples of a bootstrap."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A ratio of sums over recordings, with its interval."""

    value: float
    """The ratio over all recordings."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end."""
    count: int
    """Number of recordings."""

    def as_dict(self) -> dict[str, float]:
        """Return the same for JSON."""
        return {"value": self.value, "low": self.low, "high": self.high, "count": self.count}


def estimate_ratio(parts: Sequence[tuple[float, float]], seed: int = 0) -> Estimate | None:
    """Return the sum of numerators over the sum of denominators; None if the latter is zero.

    Args:
        parts: numerator and denominator of each recording, such as errors and words,
            bits and seconds, or a value and 1 for a mean.
        seed: seed of the resampling; the same parts and seed give the same interval.

    Example:
        >>> estimate = estimate_ratio([(1, 10), (3, 10)])
        >>> estimate.value, estimate.low, estimate.high
        (0.2, 0.1, 0.3)
    """
    if sum(denominator for _, denominator in parts) <= 0:
        return None
    table = np.asarray(parts, np.float64)
    drawn = table[np.random.default_rng(seed).integers(len(table), size=(ROUNDS, len(table)))].sum(axis=1)
    drawn = drawn[drawn[:, 1] > 0]
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [tail, 100 - tail])
    numerator, denominator = table.sum(axis=0)
    return Estimate(float(numerator / denominator), float(low), float(high), len(table))
