"""The recurrent network in integers, with NumPy.

A float32 matrix product of int8 matrices is exact, in any order of summation and with any fused instruction, while
every partial sum stays below 2^24 in magnitude: so any BLAS computes the same bits.
The products are converted to int64 at once; everything else is integer arithmetic and table look-ups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .fixedpoint import (
    ACTIVATION,
    CELL_BITS,
    CELL_LIMIT,
    GATE_FRACTION,
    GATE_LIMIT,
    LOG_FRACTION,
    RESCALE_BITS,
    UNIT_BITS,
    Float32Array,
    Int64Array,
)
from .phrases import phrase_keys
from .tokens import START

_HALF = 1 << (RESCALE_BITS - 1)


@dataclass(slots=True)
class NetworkState:
    """State of the network between two tokens."""

    outputs: list[Float32Array]
    """Output of each layer: whole numbers in [-127, 127], float32 [hidden]."""
    cells: list[Int64Array]
    """Cell of each layer, in steps of 2^-12."""
    recent: tuple[int, int] = (START, START)
    """The last two tokens, the older first."""


class Network:
    """Two LSTM layers, a projection of both, and the logits of all tokens from it.

    A model may have embeddings of phrases too (arrays `phrases.keys`, `phrases`): one more addend of the input.
    """

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self._embedding = arrays["embedding"].astype(np.float32)
        self.vocabulary = len(self._embedding)
        self._phrases: dict[int, int] = {}
        if "phrases.keys" in arrays:
            self._phrases = {key: row for row, key in enumerate(arrays["phrases.keys"].tolist())}
            self._phrase_embedding = arrays["phrases"].astype(np.int8)
        self._layers = [_Layer(arrays, "lstm0"), _Layer(arrays, "lstm1")]
        self._projection = arrays["projection.weights"].astype(np.float32)
        self._projection_factors = arrays["projection.factors"].astype(np.int64)
        self._logit_factor = int(arrays["logit.factor"][0])
        self._logit_bias = arrays["logit.bias"].astype(np.int64)

    def initial_state(self) -> NetworkState:
        """Return the state before the first token."""
        hidden = self._layers[0].hidden
        return NetworkState(
            [np.zeros(hidden, np.float32) for _ in self._layers], [np.zeros(hidden, np.int64) for _ in self._layers]
        )

    def step(self, state: NetworkState, token: int) -> Float32Array:
        """Advance the state by one token; return the projection: whole numbers in [-127, 127], float32 [width]."""
        below = self._input(state.recent, token)
        state.recent = (state.recent[1], token)
        for index, layer in enumerate(self._layers):
            below, state.cells[index] = layer.step(below, state.outputs[index], state.cells[index])
            state.outputs[index] = below
        products = (self._projection @ np.concatenate(state.outputs)).astype(np.int64)
        scaled = (products * self._projection_factors + _HALF) >> RESCALE_BITS
        projection: Float32Array = np.clip(scaled, -ACTIVATION, ACTIVATION).astype(np.float32)
        return projection

    def _input(self, recent: tuple[int, int], token: int) -> Float32Array:
        embedding: Float32Array = self._embedding[token]
        for key in phrase_keys(*recent, token):
            row = self._phrases.get(key)
            if row is not None:
                embedding = embedding + self._phrase_embedding[row]
                break
        return embedding

    def logits(self, projection: Float32Array) -> Int64Array:
        """Return the logits of all tokens: base-2 logarithms of odds, in steps of 2^-10."""
        products = (self._embedding @ projection).astype(np.int64)
        return ((products * self._logit_factor + _HALF) >> RESCALE_BITS) + self._logit_bias


class _Layer:
    def __init__(self, arrays: Mapping[str, NDArray[np.generic]], name: str) -> None:
        self._weights = arrays[f"{name}.weights"].astype(np.float32)
        self._factors = arrays[f"{name}.factors"].astype(np.int64)
        # the bias in the accumulator's scale, with the half that rounds and the offset that makes a table index
        bias = arrays[f"{name}.bias"].astype(np.int64) + GATE_LIMIT
        self._offsets = (bias << RESCALE_BITS) + _HALF
        self._sigmoid = arrays["sigmoid"].astype(np.int64)
        self._tanh = arrays["tanh"].astype(np.int64)
        self.hidden = len(bias) // 4

    def step(self, inputs: Float32Array, outputs: Float32Array, cells: Int64Array) -> tuple[Float32Array, Int64Array]:
        """Return (outputs, cells) after one token."""
        hidden = self.hidden
        products = (self._weights @ np.concatenate((inputs, outputs))).astype(np.int64)
        index = (products * self._factors + self._offsets) >> RESCALE_BITS
        np.clip(index, 0, 2 * GATE_LIMIT - 1, out=index)
        # gates on top of each other: input, forget, candidate, output
        opening = self._sigmoid[index[: 2 * hidden]]
        candidate = self._tanh[index[2 * hidden : 3 * hidden]]
        release = self._sigmoid[index[3 * hidden :]]
        kept = opening[hidden:] * cells + (opening[:hidden] * candidate >> (UNIT_BITS - CELL_BITS))
        cells = np.clip(kept >> UNIT_BITS, -CELL_LIMIT, CELL_LIMIT)
        index = np.clip((cells >> (CELL_BITS - 8)) + GATE_LIMIT, 0, 2 * GATE_LIMIT - 1)
        product = release * self._tanh[index] * ACTIVATION
        return ((product + (1 << (2 * UNIT_BITS - 1))) >> (2 * UNIT_BITS)).astype(np.float32), cells


assert GATE_FRACTION == 1 << 8
assert LOG_FRACTION == 1 << 10
