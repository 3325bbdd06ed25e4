"""Rotary positions in whole numbers: queries and keys are turned by angles that grow with the position of their token.

Source: Su et al. 2021 (RoFormer).
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from ..fixedpoint import Int64Array

ROTATION_BASE = 100_000
TURN_BITS = 20
"""Sines and cosines of positions."""


def turns(positions: int, pairs: int) -> NDArray[np.int64]:
    """Return by how much pairs of numbers are turned at each position, [positions, 2, pairs]: cosine and sine.

    Computed in decimal numbers, which are the same on all machines: pair i turns by 100000^(-i / pairs) a position.
    """
    scale = 1 << 60
    table = np.empty((positions, 2, pairs), np.int64)
    with localcontext() as context:
        context.prec = 40
        log = Decimal(ROTATION_BASE).ln()
        for pair in range(pairs):
            cosine, sine = _cosine_and_sine((-log * pair / pairs).exp())
            step, at = (int(cosine * scale), int(sine * scale)), (scale, 0)
            for position in range(positions):
                table[position, :, pair] = [(part >> (59 - TURN_BITS)) + 1 >> 1 for part in at]
                at = (at[0] * step[0] - at[1] * step[1] >> 60, at[0] * step[1] + at[1] * step[0] >> 60)
    return table


def _cosine_and_sine(angle: Decimal) -> tuple[Decimal, Decimal]:
    """Return both of an angle in (0, 1], by their series."""
    sums, term = [Decimal(0), Decimal(0)], Decimal(1)
    for power in range(40):
        sums[power % 2] += term if power % 4 < 2 else -term
        term = term * angle / (power + 1)
    return sums[0], sums[1]


def turned(heads: Int64Array, turn: NDArray[np.int64]) -> Int64Array:
    """Return heads with each pair of neighbors turned.

    Args:
        heads: [heads, tokens, 2 * pairs].
        turn: the turns of the tokens' positions, [tokens, 2, pairs].
    """
    cosine, sine = turn[:, 0], turn[:, 1]
    even, odd = heads[..., ::2], heads[..., 1::2]
    found = np.empty_like(heads)
    found[..., ::2] = even * cosine - odd * sine
    found[..., 1::2] = even * sine + odd * cosine
    found += 1 << (TURN_BITS - 1)
    found >>= TURN_BITS
    return found
