"""Fit the shares that the contexts start with, on the validation text."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..predictor import (
    DYNAMIC_CONTEXTS,
    FOLLOWER_BUCKETS,
    SHARE_BITS,
    SHARE_CEILING,
    SHARE_FLOOR,
    STATIC_CONTEXTS,
    TOTAL_BUCKETS,
    Model,
    Predictor,
)

_FIRST_SHARE = 1 << (SHARE_BITS - 3)
_FIRST_WEIGHT = 8.0  # how many tokens the first share of a slot counts for


def first_shares() -> dict[str, NDArray[np.generic]]:
    """Return the initial shares: one eighth each."""

    def table(contexts: int) -> NDArray[np.int32]:
        return np.full((contexts, TOTAL_BUCKETS, FOLLOWER_BUCKETS), _FIRST_SHARE, np.int32)

    return {"shares.static": table(STATIC_CONTEXTS), "shares.dynamic": table(DYNAMIC_CONTEXTS)}


def fit_shares(model: Model, documents: list[NDArray[np.int64]]) -> tuple[dict[str, NDArray[np.generic]], float]:
    """Return (the average of the best shares for the documents, bits a token while fitting).

    The model's shares move on from document to document.
    """
    sums = [np.full(len(shares), _FIRST_WEIGHT * _FIRST_SHARE) for shares in model.shares]
    weights = [np.full(len(shares), _FIRST_WEIGHT) for shares in model.shares]
    bits, tokens = 0.0, 0
    for document in documents:
        predictor = Predictor(model)
        for token in document[1:].tolist():
            odds = predictor.predict()
            bits -= math.log2(odds.frequencies[token] / odds.total)
            tokens += 1
            for table, slot, wish in predictor.wishes(token):
                sums[table][slot] += wish
                weights[table][slot] += 1
            predictor.update(token)
        model.shares = predictor.shares
    fitted: dict[str, NDArray[np.generic]] = {}
    for (name, first), total, weight in zip(first_shares().items(), sums, weights, strict=True):
        mean = (total / weight).round().clip(SHARE_FLOOR, SHARE_CEILING)
        fitted[name] = mean.astype(np.int32).reshape(first.shape)
    return fitted, bits / tokens
