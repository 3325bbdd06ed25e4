from __future__ import annotations

import numpy as np
import pytest
from speechzip.eval import estimate_ratio


def test_ratio_of_sums_not_mean_of_ratios() -> None:
    estimate = estimate_ratio([(1, 1), (0, 9)])
    assert estimate is not None
    assert (estimate.value, estimate.count) == (0.1, 2)
    assert (estimate.low, estimate.high) == (0.0, 1.0)


def test_interval_of_a_mean_is_the_normal_one() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    estimate = estimate_ratio([(value, 1.0) for value in values], seed=1)
    assert estimate is not None
    half = 1.96 * values.std() / np.sqrt(400)  # the central limit theorem
    assert estimate.low == pytest.approx(values.mean() - half, abs=0.03)
    assert estimate.high == pytest.approx(values.mean() + half, abs=0.03)


def test_same_seed_same_interval() -> None:
    parts = [(float(value), 10.0) for value in range(20)]
    assert estimate_ratio(parts, seed=4) == estimate_ratio(parts, seed=4)
    assert estimate_ratio(parts, seed=4) != estimate_ratio(parts, seed=5)


def test_nothing_to_divide_by() -> None:
    assert estimate_ratio([]) is None
    assert estimate_ratio([(1.0, 0.0)]) is None
