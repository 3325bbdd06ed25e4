"""The adapter as it ships: pairs of narrow matrices in 8 bits, one unit for each pair."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ...fixedpoint import function_tables

_LARGEST = 127

Matrix = NDArray[np.float32]


def pack_adapter(pairs: Mapping[str, tuple[Matrix, Matrix]]) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of `smollm.weights.ADAPTER`.

    Args:
        pairs: name of a tensor -> [rows, rank] and [rank, columns]; their product is added to it.
    """
    arrays: dict[str, NDArray[np.generic]] = {
        name: table for name, table in function_tables().items() if name in ("sigmoid", "exp2")
    }
    for name, (left, right) in pairs.items():
        left, right = _balanced(left, right)
        units = [np.abs(side).max() / _LARGEST for side in (left, right)]
        for side, matrix, unit in zip(("left", "right"), (left, right), units, strict=True):
            arrays[f"{name}.{side}"] = np.rint(matrix / max(unit, 1e-20)).astype(np.int8)
        arrays[f"{name}.unit"] = np.array(units[0] * units[1], np.float32)
    return arrays


def unpack_adapter(arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, tuple[Matrix, Matrix]]:
    """Return the pairs of an adapter that `pack_adapter` packed: training goes on from them."""
    pairs: dict[str, tuple[Matrix, Matrix]] = {}
    for key in arrays:
        name, _, kind = key.rpartition(".")
        if kind == "unit":
            root = np.sqrt(arrays[key].astype(np.float32))
            left, right = (arrays[f"{name}.{side}"].astype(np.float32) * root for side in ("left", "right"))
            pairs[name] = left, right
    return pairs


def _balanced(left: Matrix, right: Matrix) -> tuple[Matrix, Matrix]:
    """Return two matrices of the same product whose columns and rows share its singular values evenly."""
    first, upper = np.linalg.qr(left.astype(np.float64))
    second, lower = np.linalg.qr(right.T.astype(np.float64))
    outer, values, inner = np.linalg.svd(upper @ lower.T)
    root = np.sqrt(values)
    return (first @ outer * root).astype(np.float32), (root[:, np.newaxis] * (inner @ second.T)).astype(np.float32)
