"""A transformer of Llama's kind in integers: the network of SmolLM2, exact to the bit on all machines.

    token -> embedding -> 30 layers, each: + attention to the tokens so far, + gated network -> logits of all tokens

Matrices are whole numbers of 8 bits, a factor for each row. What they are multiplied with is a whole number of 15 bits
for each value, in two digits, with one unit for all of them: `MatMulInteger` sums both digits in 32 bits, exactly. All
sums are of whole numbers that their type holds. What remains is element by element, and each step of it is one
operation of IEEE 754 in 64 bits, which rounds alike everywhere. FORMAT.md has the same in formulas.

Sources: Touvron et al. 2023 (LLaMA); Zhang and Sennrich 2019 (RMSNorm); Ainslie et al. 2023 (grouped queries); Shazeer
2020 (SwiGLU).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...protocols import Interval
from ...system.inference import open_session
from ...system.onnxgraph import Graph
from ..fixedpoint import EXP2_BITS, GATE_FRACTION, GATE_LIMIT, LOG_FRACTION, Int64Array
from ..network import ZERO_POINT, exact_product
from ..predictor import FREQUENCY_BITS, Odds
from ..tokens import START
from .rotary import turned, turns
from .tree import TokenTree

CONTEXT = 1024
"""Tokens that the network remembers. Then it forgets all of them, and begins again with `START`."""
HEADS, KEY_HEADS, HEAD_WIDTH = 9, 3, 64
"""Attention: heads of queries; heads of keys and values, each for three of those; numbers of a head."""
NORM_FLOOR = 1e-5
"""Added to the mean square before a vector is divided by its root."""

DIGIT_BITS = 7
LARGEST = (1 << 2 * DIGIT_BITS) - 1
"""The largest whole number that a matrix is multiplied with."""
STATE_BITS, STATE_LIMIT = 12, 1 << 30
"""The numbers between layers are in steps of 2^-12, and clipped."""
GAIN_BITS = 12
HEAD_BITS, HEAD_LIMIT = 10, 1 << 17
"""Queries, keys and values."""
GATE_BITS, GATED_LIMIT = 12, 1 << 20
"""The two inputs of the gated network."""
WEIGHT_BITS = 22
"""Weights of attention, before they are divided by their sum."""
ATTENDED_BITS = 18
"""The mean of values that a head attends to."""
_SQUARED_BITS = 26  # so long are numbers at most when they are squared, since the sum of 576 squares has 63 bits
LOGIT_LIMIT = 1 << 31
AT_ONCE = 32
"""Known tokens that the network takes at once."""
_NEVER = -float(1 << 60)  # a score so low that its weight is 0
LOG2_E = 1.4426950408889634

Arrays = Mapping[str, NDArray[np.generic]]
Digits = NDArray[np.uint8]
"""Vectors of whole numbers in [-LARGEST, LARGEST], [2 vectors, width]: the number of steps of 2^7 below each, for all
vectors, then the rests. `ZERO_POINT` is added to them."""
Units = NDArray[np.float64]
"""What 1 in the digits of each vector stands for, [vectors]."""


class Transformer:
    """The network. Its arrays are those that `weights.transformer_arrays` returns."""

    def __init__(self, arrays: Arrays) -> None:
        self._embedding = arrays["embedding"].astype(np.int8, copy=False)
        self._embedding_factors = arrays["embedding.factors"].astype(np.float64)
        self.vocabulary, self.width = self._embedding.shape
        count = sum(name.endswith(".down") for name in arrays)
        self.layers = [_Layer.of(arrays, f"{index}.") for index in range(count)]
        self.gains = arrays["gains"].astype(np.int64)
        self.logits = Matrix(self._embedding, self._embedding_factors)
        self.sigmoid = arrays["sigmoid"].astype(np.int64)
        exp2 = arrays["exp2"].astype(np.int64)
        octaves = range(EXP2_BITS - FREQUENCY_BITS, EXP2_BITS + 1)
        self.odds: Int64Array = np.concatenate([*(exp2 >> octave for octave in octaves), np.zeros(1, np.int64)])
        """Odds of a token by how far its logit lies below the best one's; the last, 0, is for all that lie farther."""
        self.weights: NDArray[np.float64] = (self.odds >> (FREQUENCY_BITS - WEIGHT_BITS)).astype(np.float64)
        """Weights of attention in the same way."""
        self.turns = turns(CONTEXT, HEAD_WIDTH // 2)

    def start(self) -> TransformerPredictor:
        """Return the predictor of a conversation's first token."""
        return TransformerPredictor(TransformerRun(self))

    def bits(self, texts: Sequence[Sequence[int]]) -> list[float]:
        """Return the bits of the tokens of each text, at least one, at the start of a conversation.

        The network reads all of them at once, and what they begin with in common only once.
        """
        tree = TokenTree(texts, CONTEXT)
        run = TransformerRun(self, room=len(tree.tokens))
        taken: dict[tuple[int, int], float] = {}
        for start in range(0, len(tree.tokens), AT_ONCE):
            end = min(start + AT_ONCE, len(tree.tokens))
            states = run.take(tree.tokens[start:end], tree.positions[start:end], ~tree.seen[start:end, :end])
            for node, logits in enumerate(self.logits_of(states), start):
                odds = self.odds_of(logits)
                for token in tree.following[node]:
                    _, frequency, total = odds.interval(token)
                    taken[node, token] = math.log2(total / frequency)
        return [math.fsum(map(taken.__getitem__, path)) for path in tree.paths]

    def logits_of(self, states: Int64Array) -> Int64Array:
        """Return the logits of all tokens after the numbers behind the last layer: int64 [vectors, vocabulary].

        They are base-2 logarithms of odds, in steps of 2^-10.
        """
        digits, units = normed(states, self.gains)
        return self.logits.product(digits, units * (LOG2_E * LOG_FRACTION), LOGIT_LIMIT)

    def odds_of(self, logits: Int64Array) -> Odds:
        """Return the odds of all tokens by their logits, int64 [vocabulary]."""
        frequencies: Int64Array = self.odds[np.minimum(logits.max() - logits, len(self.odds) - 1)]
        frequencies >>= max(0, int(frequencies.sum()).bit_length() - FREQUENCY_BITS)
        frequencies += 1
        ends = np.add.accumulate(frequencies)
        return Odds(ends, int(ends[-1]))

    def embed(self, tokens: Sequence[int]) -> Int64Array:
        """Return the embeddings of tokens, int64 [tokens, width]."""
        rows = np.array(tokens)
        factors = self._embedding_factors[rows] * (1 << STATE_BITS)
        return rounded(self._embedding[rows] * factors[:, np.newaxis], STATE_LIMIT)


class TransformerPredictor:
    """One conversation: `predict` the next token, then `update` with the actual one. The network alone has a say."""

    def __init__(self, run: TransformerRun, logits: Int64Array | None = None) -> None:
        self._run = run
        self._logits = run.steps([START])[0] if logits is None else logits

    def predict(self) -> Odds:
        """Return the odds of the next token."""
        return self._run.network.odds_of(self._logits)

    def update(self, token: int) -> None:
        """Advance by a token."""
        (self._logits,) = self._run.steps([token])

    def intervals(self, tokens: Sequence[int]) -> list[Interval]:
        """Return the interval of each token after those before it; advance by all but the last one.

        All are known, and so the network takes many at once: each of its matrices is read once for all of them.
        """
        found = [self.predict().interval(tokens[0])]
        for start in range(0, len(tokens) - 1, AT_ONCE):
            before = tokens[start : min(start + AT_ONCE, len(tokens) - 1)]
            for logits, token in zip(self._run.steps(before), tokens[start + 1 :], strict=False):
                self._logits = logits
                found.append(self.predict().interval(token))
        return found

    def fork(self) -> TransformerPredictor:
        """Return an independent copy in the same state."""
        return TransformerPredictor(self._run.fork(), self._logits)


class TransformerRun:
    """A network on its way through one conversation."""

    def __init__(self, network: Transformer, room: int = CONTEXT) -> None:
        self.network = network
        self._position = 0
        shape = len(network.layers), 2, KEY_HEADS, room, HEAD_WIDTH
        self._memory = np.zeros(shape)  # keys and values; memory that was never written to takes no room

    def steps(self, tokens: Sequence[int]) -> Int64Array:
        """Advance by some tokens, one after the other; return the logits after each: int64 [tokens, vocabulary]."""
        states: list[Int64Array] = []
        while tokens:
            if self._position == CONTEXT:
                self._position = 0
                self._advance([START])
            now, tokens = tokens[: CONTEXT - self._position], tokens[CONTEXT - self._position :]
            states.append(self._advance(now))
        return self.network.logits_of(np.concatenate(states))

    def fork(self) -> TransformerRun:
        """Return an independent copy in the same state."""
        other = TransformerRun(self.network)
        other._position = self._position
        other._memory[..., : self._position, :] = self._memory[..., : self._position, :]
        return other

    def _advance(self, tokens: Sequence[int]) -> Int64Array:
        places = range(self._position, self._position + len(tokens))
        return self.take(tokens, places, np.arange(places.stop) > np.array(places)[:, np.newaxis])

    def take(self, tokens: Sequence[int], positions: Sequence[int], unseen: NDArray[np.bool_]) -> Int64Array:
        """Take tokens that the memory has room for; return the numbers behind the last layer, [tokens, width].

        Args:
            tokens: to be remembered after those that were taken so far.
            positions: of each in its conversation, below `CONTEXT`.
            unseen: [tokens, all tokens so far], which each does not look at.
        """
        state = self.network.embed(tokens)
        turn = self.network.turns[positions]
        for layer, memory in zip(self.network.layers, self._memory, strict=True):
            state = _added(state, layer.attention_output, *self._attend(layer, memory, state, turn, unseen))
            state = _added(state, layer.down, *self._gate(layer, state))
        self._position += len(tokens)
        return state

    def _attend(
        self,
        layer: _Layer,
        memory: NDArray[np.float64],
        state: Int64Array,
        turn: NDArray[np.int64],
        unseen: NDArray[np.bool_],
    ) -> tuple[Digits, Units]:
        """Return what the heads attend to, and store the tokens' keys and values in `memory`."""
        count, start = len(state), self._position
        end = start + count
        digits, units = normed(state, layer.attention_gains)
        heads = layer.attention_inputs.product(digits, units * (1 << HEAD_BITS), HEAD_LIMIT)
        heads = heads.reshape(count, -1, HEAD_WIDTH).swapaxes(0, 1)  # head, token, number
        rotated = turned(heads[: HEADS + KEY_HEADS], turn)
        keys, values = memory
        keys[:, start:end], values[:, start:end] = rotated[HEADS:], heads[HEADS + KEY_HEADS :]
        queries = rotated[:HEADS].reshape(KEY_HEADS, -1, HEAD_WIDTH).astype(np.float64)
        scores = (queries @ keys[:, :end].swapaxes(1, 2)).reshape(HEADS, count, end)
        scores[:, unseen] = _NEVER
        scores -= scores.max(axis=2, keepdims=True)
        scores *= -LOG2_E * LOG_FRACTION / (math.sqrt(HEAD_WIDTH) * (1 << 2 * HEAD_BITS))
        weights = self.network.weights[np.minimum(scores.astype(np.int64), len(self.network.weights) - 1)]
        attended = (weights.reshape(KEY_HEADS, -1, end) @ values[:, :end]).reshape(HEADS, count, HEAD_WIDTH)
        attended *= 1 << (ATTENDED_BITS - HEAD_BITS)
        attended /= weights.sum(axis=2, keepdims=True)
        attended = attended.swapaxes(0, 1).reshape(count, -1)
        digits, units = in_digits(rounded(attended, HEAD_LIMIT << (ATTENDED_BITS - HEAD_BITS)))
        return digits, units / (1 << ATTENDED_BITS)

    def _gate(self, layer: _Layer, state: Int64Array) -> tuple[Digits, Units]:
        digits, units = normed(state, layer.gated_gains)
        both = layer.gated_inputs.product(digits, units * (1 << GATE_BITS), GATED_LIMIT)
        gates, values = np.split(both, 2, axis=1)
        digits, units = in_digits((gates * _sigmoid(gates, self.network.sigmoid) >> 15) * values)
        return digits, units / (1 << 2 * GATE_BITS + 4)


class Matrix:
    """A matrix of 8-bit numbers with a factor for each row."""

    def __init__(self, rows: NDArray[np.int8], factors: NDArray[np.float64]) -> None:
        self._factors = factors
        graph = Graph()
        digits = graph.input("digits", "uint8", ["digits", rows.shape[1]])
        graph.output(exact_product(graph, digits, rows), "int32", ["digits", len(rows)])
        self._session = open_session(graph.model())

    def product(self, digits: Digits, units: Units, limit: int) -> Int64Array:
        """Return the products of vectors with every row, times the units, rounded and clipped to [-limit, limit].

        The result has [vectors, rows].
        """
        (sums,) = self._session.run(None, {"digits": digits})
        products = sums[: len(units)] * float(1 << DIGIT_BITS)
        products += sums[len(units) :]
        products *= self._factors * units[:, np.newaxis]
        return rounded(products, limit)


class _Layer(NamedTuple):
    attention_gains: Int64Array
    attention_inputs: Matrix
    """Queries of all heads, then keys, then values."""
    attention_output: Matrix
    gated_gains: Int64Array
    gated_inputs: Matrix
    """What the gates come from, then what passes them."""
    down: Matrix

    @classmethod
    def of(cls, arrays: Arrays, prefix: str) -> _Layer:
        def gains(name: str) -> Int64Array:
            return arrays[f"{prefix}{name}"].astype(np.int64)

        def matrix(name: str) -> Matrix:
            rows = arrays[f"{prefix}{name}"].astype(np.int8, copy=False)
            return Matrix(rows, arrays[f"{prefix}{name}.factors"].astype(np.float64))

        return cls(
            gains("attention.gains"),
            matrix("attention.inputs"),
            matrix("attention.output"),
            gains("gated.gains"),
            matrix("gated.inputs"),
            matrix("down"),
        )


def rounded(values: NDArray[np.float64], limit: int) -> Int64Array:
    """Return the nearest whole numbers, halves upwards, clipped to [-limit, limit]. `values` are overwritten."""
    values += 0.5
    np.floor(values, out=values)
    return np.clip(values, -limit, limit, out=values).astype(np.int64)


def in_digits(values: Int64Array) -> tuple[Digits, Units]:
    """Return vectors in digits, and their units.

    values: [vectors, width], below 2^49 in magnitude.
    """
    peaks = np.maximum(np.abs(values).max(axis=1), 1)
    scaled = np.empty(values.shape, np.int16)
    for vector, into, peak in zip(values, scaled, peaks.tolist(), strict=True):  # NumPy divides by one number quickly
        into[:] = (vector * LARGEST + (peak >> 1)) // peak
    digits = np.concatenate((scaled >> DIGIT_BITS, scaled & ((1 << DIGIT_BITS) - 1)))
    digits += ZERO_POINT
    return digits.astype(np.uint8), peaks / LARGEST


def normed(states: Int64Array, gains: Int64Array) -> tuple[Digits, Units]:
    """Return vectors divided by the root of their mean square, times `gains`, in digits; and their units.

    states: [vectors, width].
    """
    shifts = np.array([max(0, peak.bit_length() - _SQUARED_BITS) for peak in np.abs(states).max(axis=1).tolist()])
    states = states >> shifts[:, np.newaxis]
    squares = np.add.reduce(states * states, axis=1).astype(np.float64)
    roots = np.sqrt(squares / states.shape[1] + np.ldexp(NORM_FLOOR, 2 * STATE_BITS - 2 * shifts))
    digits, units = in_digits(states * gains)
    return digits, units / (roots * (1 << GAIN_BITS))


def _sigmoid(values: Int64Array, table: Int64Array) -> Int64Array:
    """Return the sigmoid of numbers, in steps of 2^-19: on straight lines between those of the table.

    values: in steps of 2^-12.
    """
    index = (values >> 4) + GATE_LIMIT
    np.clip(index, 0, 2 * GATE_LIMIT - 2, out=index)
    part = np.clip(values - ((index - GATE_LIMIT) << 4), 0, 16)
    found: Int64Array = table[index] * (16 - part) + table[index + 1] * part
    return found


def _added(state: Int64Array, matrix: Matrix, digits: Digits, units: Units) -> Int64Array:
    """Return the numbers between two layers, with what a part of a layer adds."""
    state = state + matrix.product(digits, units * (1 << STATE_BITS), STATE_LIMIT)
    return np.clip(state, -STATE_LIMIT, STATE_LIMIT, out=state)


assert GATE_FRACTION == 1 << 8
