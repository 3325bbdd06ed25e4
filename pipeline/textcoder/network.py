"""The recurrent network in integers, run by onnxruntime.

Matrices and activations are whole numbers of 8 bits. onnxruntime multiplies unsigned ones, so both are stored with 128
added; `MatMulInteger` takes it off again and sums in 32 bits, exactly, with every instruction set. (Signed ones would
saturate on processors without VNNI.) Everything else is float64, which holds every whole number below 2^53, and as many
steps of a power of two. So nothing is rounded but by `Floor`, and by the conversion of numbers of at least 0 to
integers, which rounds down as well: all machines compute the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..system.inference import open_session
from .fixedpoint import (
    ACTIVATION,
    CELL_BITS,
    CELL_LIMIT,
    GATE_FRACTION,
    GATE_LIMIT,
    RESCALE_BITS,
    UNIT_BITS,
    Int64Array,
)
from .onnxgraph import Graph
from .phrases import phrase_keys
from .tokens import START

ZERO_POINT = 128
"""What 0 is stored as."""
LAYERS = 2

Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(slots=True)
class NetworkState:
    """State of the network between two tokens."""

    layers: dict[str, NDArray[np.generic]]
    """By name, `output0` and `output1`: outputs in [-127, 127], plus 128, uint8 [1, hidden]; `cell0` and `cell1`: in
    steps of 2^-12, float64 [1, hidden]."""
    recent: tuple[int, int] = (START, START)
    """The last two tokens, the older first."""


class Network:
    """Two LSTM layers, a projection of both, and the logits of all tokens from it.

    A model may have embeddings of phrases too (arrays `phrases.keys`, `phrases`): one more addend of the input.
    """

    def __init__(self, arrays: Arrays) -> None:
        self._embedding = _unsigned(arrays["embedding"])
        self.vocabulary = len(self._embedding)
        self._hidden = len(arrays["lstm0.bias"]) // 4
        self._phrases: dict[int, int] | None = None
        if "phrases.keys" in arrays:
            self._phrases = {key: row for row, key in enumerate(arrays["phrases.keys"].tolist())}
            self._no_phrase = len(self._phrases)
            nothing = np.zeros((1, self._embedding.shape[1]), np.int8)
            self._phrase_embedding = _unsigned(np.concatenate((arrays["phrases"].astype(np.int8), nothing)))
        self._session = open_session(_model(arrays))

    def initial_state(self) -> NetworkState:
        """Return the state before the first token."""
        outputs = {f"output{layer}": np.full((1, self._hidden), ZERO_POINT, np.uint8) for layer in range(LAYERS)}
        return NetworkState({**outputs, **{f"cell{layer}": np.zeros((1, self._hidden)) for layer in range(LAYERS)}})

    def step(self, state: NetworkState, token: int) -> Int64Array:
        """Advance the state by one token; return the logits of all tokens.

        They are base-2 logarithms of odds, in steps of 2^-10: int64 [vocabulary].
        """
        embedding = self._embedding[token : token + 1]
        if self._phrases is not None:
            keys = phrase_keys(*state.recent, token)
            row = next((self._phrases[key] for key in keys if key in self._phrases), self._no_phrase)
            embedding = np.concatenate((embedding, self._phrase_embedding[row : row + 1]), axis=1)
        state.recent = (state.recent[1], token)
        logits, *layers = self._session.run(None, {"embedding": embedding, **state.layers})
        state.layers = dict(zip(state.layers, layers, strict=True))
        return logits.ravel().astype(np.int64, copy=False)


def _model(arrays: Arrays) -> bytes:
    """Return one step of the network as an ONNX model; FORMAT.md has the same in a few lines.

    Inputs: `embedding`, uint8 [1, width], with that of the phrase behind it, if the model has phrases; the state of
    each layer, as `NetworkState` names it. Outputs: the logits, and the state in the same order.
    """
    graph = Graph()
    vocabulary, width = arrays["embedding"].shape
    hidden = len(arrays["lstm0.bias"]) // 4
    addends = 2 if "phrases.keys" in arrays else 1
    below = graph.input("embedding", "uint8", [1, addends * width])
    outputs = [graph.input(f"output{layer}", "uint8", [1, hidden]) for layer in range(LAYERS)]
    cells = [graph.input(f"cell{layer}", "float64", [1, hidden]) for layer in range(LAYERS)]
    for layer in range(LAYERS):
        weights = arrays[f"lstm{layer}.weights"]
        if layer == 0:  # W (e + p) = (W, W) (e, p)
            weights = np.concatenate((weights[:, :width],) * addends + (weights[:, width:],), axis=1)
        sums = _product(graph, graph.node("Concat", below, outputs[layer], axis=1), weights)
        below, cells[layer] = _layer(graph, arrays, f"lstm{layer}", sums, cells[layer])
        outputs[layer] = below
    projection = _projection(graph, arrays, graph.node("Concat", *outputs, axis=1))
    bias = arrays["logit.bias"].astype(np.float64)
    logits = _scaled(graph, _product(graph, projection, arrays["embedding"]), arrays["logit.factor"], bias + 0.5)
    graph.output(graph.cast(graph.node("Floor", logits), "int64"), "int64", [1, vocabulary])
    for output in outputs:
        graph.output(output, "uint8", [1, hidden])
    for cell in cells:
        graph.output(cell, "float64", [1, hidden])
    return graph.model()


def _layer(graph: Graph, arrays: Arrays, name: str, sums: str, cells: str) -> tuple[str, str]:
    """Return (outputs, cells) of an LSTM layer, from the sums of its four gates and its cells."""
    sigmoid, tanh = (arrays[table].astype(np.float64) for table in ("sigmoid", "tanh"))
    bias = arrays[f"{name}.bias"].astype(np.float64)
    last = len(tanh) - 1
    index = _clipped(graph, _scaled(graph, sums, arrays[f"{name}.factors"], bias + (GATE_LIMIT + 0.5)), 0, last)
    # gates beside each other: input, forget, candidate, output; the candidate's table lies behind the other one
    tables = graph.constant(np.concatenate((sigmoid, tanh / (1 << (UNIT_BITS - CELL_BITS))))[np.newaxis])
    table = np.repeat(np.array([0.0, 0.0, len(sigmoid), 0.0]), len(bias) // 4)
    index = graph.node("Add", index, graph.constant(table))
    gates = graph.node("GatherElements", tables, graph.cast(index, "int32"), axis=1)
    opening, keeping, candidate, release = graph.nodes("Split", 4, gates, axis=1, num_outputs=4)
    added = graph.node("Floor", graph.node("Mul", opening, candidate))
    mixed = graph.node("Add", graph.node("Mul", keeping, cells), added)
    cells = graph.node("Floor", graph.node("Mul", mixed, _number(graph, 1 / (1 << UNIT_BITS))))
    cells = _clipped(graph, cells, -CELL_LIMIT, CELL_LIMIT)
    index = graph.node("Mul", cells, _number(graph, 1 / (1 << (CELL_BITS - 8))))
    index = _clipped(graph, graph.node("Add", index, _number(graph, GATE_LIMIT)), 0, last)
    squashed = graph.constant((tanh * (ACTIVATION / (1 << 2 * UNIT_BITS)))[np.newaxis])
    product = graph.node("Mul", release, graph.node("GatherElements", squashed, graph.cast(index, "int32"), axis=1))
    return graph.cast(graph.node("Add", product, _number(graph, ZERO_POINT + 0.5)), "uint8"), cells


def _projection(graph: Graph, arrays: Arrays, outputs: str) -> str:
    products = _product(graph, outputs, arrays["projection.weights"])
    scaled = _scaled(graph, products, arrays["projection.factors"], ZERO_POINT + 0.5)
    return graph.cast(_clipped(graph, scaled, ZERO_POINT - ACTIVATION, ZERO_POINT + ACTIVATION), "uint8")


def _product(graph: Graph, inputs: str, matrix: NDArray[np.generic]) -> str:
    """Return the products of `inputs`, uint8 [1, columns], with every row of an int8 matrix: float64 [1, rows]."""
    zero = graph.constant(np.array(ZERO_POINT, np.uint8))
    products = graph.node("MatMulInteger", inputs, graph.constant(_unsigned(matrix.T)), zero, zero)
    return graph.cast(products, "float64")


def _scaled(graph: Graph, values: str, factors: NDArray[np.generic], offsets: float | NDArray[np.float64]) -> str:
    """Return values * factors / 2^20 + offsets."""
    factor = graph.constant(factors.astype(np.float64) / (1 << RESCALE_BITS))
    return graph.node("Add", graph.node("Mul", values, factor), graph.constant(np.asarray(offsets, np.float64)))


def _clipped(graph: Graph, values: str, low: float, high: float) -> str:
    return graph.node("Clip", values, _number(graph, low), _number(graph, high))


def _number(graph: Graph, value: float) -> str:
    return graph.constant(np.array(value, np.float64))


def _unsigned(matrix: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return int8 values, plus 128."""
    return matrix.astype(np.int8).view(np.uint8) ^ np.uint8(ZERO_POINT)


assert GATE_FRACTION == 1 << 8
