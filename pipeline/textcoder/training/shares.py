"""Fit the shares that the contexts start with, on the validation text."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..predictor import (
    DYNAMIC_CONTEXTS,
    FOLLOWER_BUCKETS,
    SHARE_BITS,
    SHARE_CEILING,
    SHARE_FLOOR,
    TOTAL_BUCKETS,
    Model,
    Predictor,
)

_FIRST_SHARE = 1 << (SHARE_BITS - 3)
_FIRST_WEIGHT = 8.0  # how many tokens the first share of a slot counts for

Document = NDArray[np.int64]
"""Tokens of a conversation: START, then its utterances, each with END after it."""


def first_shares(static_contexts: int) -> dict[str, NDArray[np.generic]]:
    """Return the initial shares: one eighth each."""

    def table(contexts: int) -> NDArray[np.int32]:
        return np.full((contexts, TOTAL_BUCKETS, FOLLOWER_BUCKETS), _FIRST_SHARE, np.int32)

    return {"shares.static": table(static_contexts), "shares.dynamic": table(DYNAMIC_CONTEXTS)}


def fit_shares(models: Iterable[tuple[Model, list[Document]]]) -> tuple[dict[str, NDArray[np.generic]], float]:
    """Return (the average of the best shares for the documents, bits a token while fitting).

    models: one or more models with equally many levels of n-grams, and the documents of each. The shares move on from
    document to document and from model to model.
    """
    sums: list[NDArray[np.float64]] = []
    weights: list[NDArray[np.float64]] = []
    shares: list[list[int]] = []
    shapes: dict[str, NDArray[np.generic]] = {}
    bits, tokens = 0.0, 0
    for model, documents in models:
        if shares:
            model.shares = shares
        else:
            shapes = first_shares(model.ngrams.levels)
            sums = [np.full(len(table), _FIRST_WEIGHT * _FIRST_SHARE) for table in model.shares]
            weights = [np.full(len(table), _FIRST_WEIGHT) for table in model.shares]
        for document in documents:
            predictor = Predictor(model)
            for token in document[1:].tolist():
                _, frequency, every = predictor.predict().interval(token)
                bits -= math.log2(frequency / every)
                tokens += 1
                for table, slot, wish in predictor.wishes(token):
                    sums[table][slot] += wish
                    weights[table][slot] += 1
                predictor.update(token)
            model.shares = predictor.shares
        shares = model.shares
    fitted: dict[str, NDArray[np.generic]] = {}
    for (name, first), total, weight in zip(shapes.items(), sums, weights, strict=True):
        mean = (total / weight).round().clip(SHARE_FLOOR, SHARE_CEILING)
        fitted[name] = mean.astype(np.int32).reshape(first.shape)
    return fitted, bits / tokens


def measure_bits(model: Model, documents: Iterable[Document]) -> float:
    """Return how many bits the documents take, each as one conversation."""
    bits = 0.0
    for document in documents:
        predictor = Predictor(model)
        for token in document[1:].tolist():
            _, frequency, every = predictor.predict().interval(token)
            bits -= math.log2(frequency / every)
            predictor.update(token)
    return bits
