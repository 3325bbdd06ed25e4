"""The recurrent network in integers, run by onnxruntime.

Matrices and activations are whole numbers of 8 bits. Activations are stored with 128 added; `MatMulInteger` takes it
off again and sums in 32 bits, exactly. Signed matrices take a fifth less time, but saturate on processors without VNNI
or its like: there, matrices are stored with 128 added, too (`signed_products_are_exact`). Everything else is float64,
which holds every whole number below 2^53, and as many steps of a power of two. So nothing is rounded but by `Floor`,
and by the conversion of numbers of at least 0 to integers, which rounds down as well: all machines compute the same
bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnxruntime import IOBinding

from ..system.inference import open_session
from ..system.onnxgraph import Graph
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
from .phrases import phrase_keys
from .tokens import START

ZERO_POINT = 128
"""What 0 is stored as."""
LAYERS = 2
LOGIT_OFFSET = 1 << 31
"""Makes every logit positive, so that the conversion to integers rounds all of them down. Only differences count."""

Arrays = Mapping[str, NDArray[np.generic]]


class Network:
    """Two LSTM layers, a projection of both, and the logits of all tokens from it.

    A model may have embeddings of phrases too (arrays `phrases.keys`, `phrases`): one more addend of the input.
    """

    def __init__(self, arrays: Arrays) -> None:
        self._embedding = _unsigned(arrays["embedding"])
        self.vocabulary, self.width = self._embedding.shape
        self.addends = 1
        """Embeddings whose sum is the input of the first layer."""
        self.hidden = len(arrays["lstm0.bias"]) // 4
        """Units of a layer."""
        self._phrases: dict[int, int] | None = None
        if "phrases.keys" in arrays:
            self._phrases = {key: row for row, key in enumerate(arrays["phrases.keys"].tolist())}
            self._no_phrase = len(self._phrases)
            nothing = np.zeros((1, self.width), np.int8)
            self._phrase_embedding = _unsigned(np.concatenate((arrays["phrases"].astype(np.int8), nothing)))
            self.addends = 2
        self.session = open_session(_model(arrays))
        """Runs one step."""

    def start(self) -> NetworkRun:
        """Return the network before the first token."""
        return NetworkRun(self)

    def embed(self, before: int, last: int, token: int, embedding: NDArray[np.uint8]) -> None:
        """Write what is known of `token`, which comes after `before` and `last`, into `embedding`, [addends, width]."""
        embedding[0] = self._embedding[token]
        if self._phrases is not None:
            keys = phrase_keys(before, last, token)
            row = next((self._phrases[key] for key in keys if key in self._phrases), self._no_phrase)
            embedding[1] = self._phrase_embedding[row]


class NetworkRun:
    """A network on its way through one conversation.

    Its memory is bound to the session once: `InferenceSession.run`, which makes arrays for every result, takes an
    eighth more time. A step reads one row of the state, and writes the other one.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._recent = START, START  # the last two tokens, the older first
        self._embedding = np.zeros((network.addends, network.width), np.uint8)
        self._logits = np.zeros((1, network.vocabulary), np.int64)
        # outputs in [-127, 127], plus 128, of each layer; then its cells, in steps of 2^-12
        outputs = [np.full((2, network.hidden), ZERO_POINT, np.uint8) for _ in range(LAYERS)]
        self._state: list[NDArray[Any]] = [*outputs, *(np.zeros((2, network.hidden)) for _ in range(LAYERS))]
        self._row = 0
        self._bindings = [self._bound(row) for row in range(2)]

    def step(self, token: int) -> Int64Array:
        """Advance by one token; return the logits of all tokens.

        They are base-2 logarithms of odds, in steps of 2^-10, all `LOGIT_OFFSET` too high: int64 [vocabulary]. The
        next step overwrites them.
        """
        self._network.embed(*self._recent, token, self._embedding)
        self._recent = self._recent[1], token
        self._network.session.run_with_iobinding(self._bindings[self._row])
        self._row = 1 - self._row
        logits: Int64Array = self._logits[0]
        return logits

    def fork(self) -> NetworkRun:
        """Return an independent copy in the same state."""
        other = NetworkRun(self._network)
        other._recent, other._row = self._recent, self._row
        for mine, its in zip(self._state, other._state, strict=True):
            np.copyto(its, mine)
        return other

    def _bound(self, row: int) -> IOBinding:
        """Return the session's inputs and outputs for a step that reads this row of the state."""
        session = self._network.session
        binding = session.io_binding()
        inputs = self._embedding, *(part[row : row + 1] for part in self._state)
        outputs = self._logits, *(part[1 - row : 2 - row] for part in self._state)
        for node, memory in zip(session.get_inputs(), inputs, strict=True):
            binding.bind_input(node.name, "cpu", 0, memory.dtype.type, memory.shape, memory.ctypes.data)
        for node, memory in zip(session.get_outputs(), outputs, strict=True):
            binding.bind_output(node.name, "cpu", 0, memory.dtype.type, memory.shape, memory.ctypes.data)
        return binding


def _model(arrays: Arrays) -> bytes:
    """Return one step of the network as an ONNX model; FORMAT.md has the same in a few lines.

    Inputs: the embedding, uint8 [1, width], or [2, width] with that of the phrase below it; the outputs of each
    layer, uint8 [1, hidden]; its cells, float64 [1, hidden]. Outputs: the logits, and the state in the same order.
    """
    graph = Graph()
    vocabulary, width = arrays["embedding"].shape
    hidden = len(arrays["lstm0.bias"]) // 4
    addends = 2 if "phrases.keys" in arrays else 1
    below = graph.input("embedding", "uint8", [addends, width])
    outputs = [graph.input(f"output{layer}", "uint8", [1, hidden]) for layer in range(LAYERS)]
    cells = [graph.input(f"cell{layer}", "float64", [1, hidden]) for layer in range(LAYERS)]
    for layer in range(LAYERS):
        weights = arrays[f"lstm{layer}.weights"]
        if layer == 0 and addends == 2:  # W (e + p) = W e + W p: the matrix is read once for both
            both = graph.node("ReduceSum", _product(graph, below, weights[:, :width]), graph.constant(np.array([0])))
            sums = graph.node("Add", both, _product(graph, outputs[layer], weights[:, width:]))
        else:
            sums = _product(graph, graph.node("Concat", below, outputs[layer], axis=1), weights)
        below, cells[layer] = _layer(graph, arrays, f"lstm{layer}", sums, cells[layer])
        outputs[layer] = below
    projection = _projection(graph, arrays, graph.node("Concat", *outputs, axis=1))
    bias = arrays["logit.bias"].astype(np.float64)
    bias += LOGIT_OFFSET + 0.5
    logits = _scaled(graph, _product(graph, projection, arrays["embedding"]), arrays["logit.factor"], bias)
    graph.output(graph.cast(logits, "int64"), "int64", [1, vocabulary])
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
    gate, squash = sigmoid / (1 << UNIT_BITS), tanh / (1 << (UNIT_BITS - CELL_BITS))
    tables = graph.constant(np.concatenate((gate, squash))[np.newaxis])
    table = np.repeat(np.array([0.0, 0.0, len(sigmoid), 0.0]), len(bias) // 4)
    index = graph.node("Add", index, graph.constant(table))
    gates = graph.node("GatherElements", tables, graph.cast(index, "int32"), axis=1)
    opening, keeping, candidate, release = graph.nodes("Split", 4, gates, axis=1, num_outputs=4)
    # floor((whole number + x) / 2^15) = floor((whole number + floor(x)) / 2^15), so one rounding is enough
    mixed = graph.node("Add", graph.node("Mul", keeping, cells), graph.node("Mul", opening, candidate))
    cells = _clipped(graph, graph.node("Floor", mixed), -CELL_LIMIT, CELL_LIMIT)
    index = graph.node("Mul", cells, _number(graph, 1 / (1 << (CELL_BITS - 8))))
    index = _clipped(graph, graph.node("Add", index, _number(graph, GATE_LIMIT)), 0, last)
    squashed = graph.constant((tanh * (ACTIVATION / (1 << UNIT_BITS)))[np.newaxis])
    product = graph.node("Mul", release, graph.node("GatherElements", squashed, graph.cast(index, "int32"), axis=1))
    return graph.cast(graph.node("Add", product, _number(graph, ZERO_POINT + 0.5)), "uint8"), cells


def _projection(graph: Graph, arrays: Arrays, outputs: str) -> str:
    products = _product(graph, outputs, arrays["projection.weights"])
    scaled = _scaled(graph, products, arrays["projection.factors"], ZERO_POINT + 0.5)
    return graph.cast(_clipped(graph, scaled, ZERO_POINT - ACTIVATION, ZERO_POINT + ACTIVATION), "uint8")


def _product(graph: Graph, inputs: str, matrix: NDArray[np.generic]) -> str:
    """Return the products of `inputs`, uint8 [1, columns], with every row of an int8 matrix: float64 [1, rows]."""
    return graph.cast(exact_product(graph, inputs, matrix), "float64")


def exact_product(graph: Graph, inputs: str, matrix: NDArray[np.generic]) -> str:
    """Return the products of `inputs` less `ZERO_POINT` with every row of an int8 matrix: int32 [vectors, rows].

    inputs: uint8 [vectors, columns].
    """
    columns = matrix.T.astype(np.int8)
    return _sums(graph, inputs, columns if signed_products_are_exact() else _unsigned(columns))


def _sums(graph: Graph, inputs: str, columns: NDArray[np.int8] | NDArray[np.uint8]) -> str:
    """Return the products of `inputs` less `ZERO_POINT` with the columns of a matrix (less it, if unsigned): int32."""
    zero = np.array(ZERO_POINT, np.uint8)
    zeros = graph.constant(zero), graph.constant(zero if columns.dtype == np.uint8 else np.array(0, np.int8))
    return graph.node("MatMulInteger", inputs, graph.constant(columns), *zeros)


@lru_cache(maxsize=1)
def signed_products_are_exact() -> bool:
    """Return whether this machine multiplies unsigned bytes by signed ones without saturation.

    Kernels without an instruction for it add pairs of products in 16 bits, and 2 * 255 * 127 is too much for those.
    """
    rows, columns = 128, 64
    largest = np.full((rows, columns), ACTIVATION, np.int8)
    largest[:, ::2] *= -1
    graph = Graph()
    graph.output(_sums(graph, graph.input("values", "uint8", [1, rows]), largest), "int32", [1, columns])
    values = np.full((1, rows), 255, np.uint8)
    (sums,) = open_session(graph.model()).run(None, {"values": values})
    return np.array_equal(sums, (values.astype(np.int32) - ZERO_POINT) @ largest.astype(np.int32))


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
