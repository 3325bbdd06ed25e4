"""The numbers of the integer arithmetic, and its tables.

Everything that encoder and decoder must agree on is an integer. Real-valued quantities are multiplied by fixed factors,
named here. The tables of functions come from `math`, whose last digit may differ between machines. So they are
computed once, at export, and shipped in the weights file.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

ACTIVATION = 127
"""The int8 activation for 1.0."""
GATE_FRACTION = 256
"""Steps of a gate's input in 1.0."""
GATE_LIMIT = 8 * GATE_FRACTION
"""Gate inputs are clipped to [-8, 8): sigmoid and tanh are flat beyond."""
UNIT_BITS = 15
"""Values of sigmoid and tanh are in steps of 2^-15."""
CELL_BITS = 12
"""Cells are in steps of 2^-12..."""
CELL_LIMIT = 16 << CELL_BITS
"""...and clipped to [-16, 16]."""
RESCALE_BITS = 20
"""Factors from an accumulator to the next quantity are in steps of 2^-20."""
LOG_FRACTION = 1024
"""Steps of a base-2 logarithm in 1.0."""
LOG_BITS = 10
EXP2_BITS = 30
"""2^0 is 2^30 in the table of powers."""

Int64Array = NDArray[np.int64]
Float32Array = NDArray[np.float32]


def function_tables() -> dict[str, NDArray[np.generic]]:
    """Return the shipped tables: `sigmoid` and `tanh` over [-8, 8), and `exp2` over (-1, 0]."""
    inputs = [(index - GATE_LIMIT) / GATE_FRACTION for index in range(2 * GATE_LIMIT)]
    one = 1 << UNIT_BITS
    return {
        "sigmoid": np.array([round(one / (1 + math.exp(-value))) for value in inputs], np.int32),
        "tanh": np.array([round(one * math.tanh(value)) for value in inputs], np.int32),
        "exp2": np.array([round(2.0 ** (EXP2_BITS - index / LOG_FRACTION)) for index in range(LOG_FRACTION)], np.int32),
    }
