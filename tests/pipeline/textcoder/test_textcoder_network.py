"""The network's arithmetic is exact: sums fit 32 bits, and all other numbers are whole numbers that float64 holds."""

from __future__ import annotations

import doctest
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from speechzip.pipeline.system import onnxgraph
from speechzip.pipeline.textcoder.fixedpoint import (
    ACTIVATION,
    CELL_LIMIT,
    GATE_LIMIT,
    RESCALE_BITS,
    UNIT_BITS,
    function_tables,
)
from speechzip.pipeline.textcoder.network import LOGIT_OFFSET, ZERO_POINT, Network, signed_products_are_exact
from speechzip.pipeline.textcoder.predictor import SHARE_BITS, SHARE_CEILING, SHARE_FLOOR, Model, Predictor
from speechzip.pipeline.textcoder.registry import DEFAULT_ID
from speechzip.pipeline.textcoder.weights import ENGLISH, read_weights

EXACT = 1 << 53  # float64 holds every whole number up to here
ARRAYS = read_weights(ENGLISH[DEFAULT_ID])
MATRICES = ("lstm0.weights", "lstm1.weights", "projection.weights", "embedding")


def largest_sums(name: str) -> NDArray[np.int64]:
    """Return the largest magnitude of each row's product, for inputs in [-127, 127]."""
    sums: NDArray[np.int64] = np.abs(ARRAYS[name].astype(np.int64)).sum(axis=1) * ACTIVATION
    return sums


@pytest.mark.parametrize("name", MATRICES)
def test_every_sum_fits_32_bits(name: str) -> None:
    columns = ARRAYS[name].astype(np.int64).shape[1]
    assert columns * 255 * 255 < 1 << 31  # and its parts do, before the zero points are taken off
    assert int(largest_sums(name).max()) < 1 << 24  # any float32 product would hold them, too


def test_everything_shipped_is_an_integer() -> None:
    assert {array.dtype.kind for array in ARRAYS.values()} <= {"i", "u"}


def test_scaled_products_are_exact() -> None:
    one = 1 << RESCALE_BITS
    for name in ("lstm0", "lstm1", "projection"):
        scaled = largest_sums(f"{name}.weights") * np.abs(ARRAYS[f"{name}.factors"].astype(np.int64))
        bias = np.abs(ARRAYS[f"{name}.bias"].astype(np.int64)).max() if name != "projection" else 0
        assert int(scaled.max()) + (int(bias) + GATE_LIMIT + 1) * one < EXACT
    scaled = largest_sums("embedding") * abs(int(ARRAYS["logit.factor"].astype(np.int64)[0]))
    assert int(scaled.max()) + int(np.abs(ARRAYS["logit.bias"].astype(np.int64)).max() + 1) * one < LOGIT_OFFSET * one
    assert 2 * LOGIT_OFFSET * one <= EXACT
    unit = 1 << UNIT_BITS
    assert unit * CELL_LIMIT + unit * unit < EXACT
    assert unit * unit * ACTIVATION < EXACT


def test_tables() -> None:
    sigmoid, tanh, exp2 = (ARRAYS[name].astype(np.int64) for name in ("sigmoid", "tanh", "exp2"))
    assert sigmoid[2048] == 1 << 14
    assert tanh[2048] == 0
    assert exp2[0] == 1 << 30
    for table in (sigmoid, tanh, -exp2):
        assert np.all(np.diff(table) >= 0)


Arrays = Mapping[str, NDArray[np.generic]]


def reference_step(
    arrays: Arrays, outputs: list[NDArray[np.int64]], cells: list[NDArray[np.int64]], text: Sequence[int]
) -> NDArray[np.int64]:
    """The network once more, in int64 throughout and row by row, as FORMAT.md words it; text: all tokens until now."""
    below = arrays["embedding"].astype(np.int64)[text[-1]]
    if "phrases" in arrays:
        keys = arrays["phrases.keys"].tolist()
        before, last, token = [1, 1, *text][-3:]
        wanted = [key for key in ((before + 1) << 24 | last << 12 | token, last << 12 | token) if key in keys]
        if wanted:
            below = below + arrays["phrases"].astype(np.int64)[keys.index(wanted[0])]
    sigmoid, tanh = arrays["sigmoid"].astype(np.int64), arrays["tanh"].astype(np.int64)
    for layer in range(2):
        weights = arrays[f"lstm{layer}.weights"].astype(np.int64)
        inputs = np.concatenate((below, outputs[layer]))
        products = np.array([int((row * inputs).sum()) for row in weights])
        factors, bias = (arrays[f"lstm{layer}.{part}"].astype(np.int64) for part in ("factors", "bias"))
        gates = np.clip(bias + 2048 + ((products * factors + (1 << 19)) >> 20), 0, 4095).reshape(4, -1)
        mixed = sigmoid[gates[1]] * cells[layer] + ((sigmoid[gates[0]] * tanh[gates[2]]) >> 3)
        cells[layer] = np.clip(mixed >> 15, -CELL_LIMIT, CELL_LIMIT)
        squashed = tanh[np.clip((cells[layer] >> 4) + 2048, 0, 4095)]
        below = outputs[layer] = (sigmoid[gates[3]] * squashed * 127 + (1 << 29)) >> 30
    products = arrays["projection.weights"].astype(np.int64) @ np.concatenate(outputs)
    scaled: NDArray[np.int64] = (products * arrays["projection.factors"].astype(np.int64) + (1 << 19)) >> 20
    return scaled.clip(-127, 127)


def tiny_arrays() -> Arrays:
    """Return a random model of 300 tokens with phrases, whose weights and activations go to both ends of int8."""
    rng = np.random.default_rng(1)
    vocabulary, width, hidden, phrases = 300, 8, 20, 60

    def int8(*shape: int) -> NDArray[np.int8]:
        return rng.integers(-127, 128, shape, np.int8)

    return {
        **function_tables(),
        "embedding": int8(vocabulary, width),
        "phrases": int8(phrases, width),
        "phrases.keys": np.sort(
            np.concatenate(
                (
                    rng.permutation(np.arange(1 << 12 | 2, 1 << 12 | 30)),  # after START
                    np.array([3 << 12 | 4, (2 + 1) << 24 | 3 << 12 | 4]),
                    rng.choice(np.arange(5 << 12, 299 << 12), phrases - 30, replace=False),
                )
            )
        ).astype(np.uint64),
        "lstm0.weights": int8(4 * hidden, width + hidden),
        "lstm0.factors": rng.integers(1, 20_000, 4 * hidden, np.int32),
        "lstm0.bias": rng.integers(-500, 500, 4 * hidden, np.int32),
        "lstm1.weights": int8(4 * hidden, 2 * hidden),
        "lstm1.factors": rng.integers(1, 20_000, 4 * hidden, np.int32),
        "lstm1.bias": rng.integers(-500, 500, 4 * hidden, np.int32),
        "projection.weights": int8(width, 2 * hidden),
        "projection.factors": rng.integers(1, 4000, width, np.int32),
        "logit.factor": np.array([40_000], np.int32),
        "logit.bias": rng.integers(-5000, 5000, vocabulary, np.int32),
    }


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("arrays", [ARRAYS, tiny_arrays()], ids=["english-1", "phrases"])
def test_onnxruntime_computes_what_the_format_says(
    arrays: Arrays, signed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if signed and not signed_products_are_exact():
        pytest.skip("this machine's products of signed bytes saturate, so it never computes any")
    monkeypatch.setattr("speechzip.pipeline.textcoder.network.signed_products_are_exact", lambda: signed)
    network = Network(arrays)
    run = network.start()
    hidden = len(arrays["lstm0.bias"]) // 4
    outputs, cells = ([np.zeros(hidden, np.int64) for _ in range(2)] for _ in range(2))
    factor, bias = int(arrays["logit.factor"].astype(np.int64)[0]), arrays["logit.bias"].astype(np.int64)
    last = network.vocabulary - 1
    text: list[int] = []
    for token in (1, 3, 4, last, 0, 271, 2, 3, 4, 28, 1, 9, 200):
        text.append(token)
        projection = reference_step(arrays, outputs, cells, text)
        logits = ((arrays["embedding"].astype(np.int64) @ projection * factor + (1 << 19)) >> 20) + bias
        np.testing.assert_array_equal(run.step(token), logits + LOGIT_OFFSET)


def test_products_do_not_saturate() -> None:
    """Kernels that add pairs of products in 16 bits would."""
    arrays = dict(tiny_arrays())
    for name in MATRICES:
        value = -127 if name == "lstm1.weights" else 127
        arrays[name] = np.full(arrays[name].shape, value, np.int8)
    run = Network(arrays).start()
    hidden = len(arrays["lstm0.bias"]) // 4
    outputs, cells = ([np.zeros(hidden, np.int64) for _ in range(2)] for _ in range(2))
    factor, bias = int(arrays["logit.factor"].astype(np.int64)[0]), arrays["logit.bias"].astype(np.int64)
    for text in ([1], [1, 5], [1, 5, 9]):
        projection = reference_step(arrays, outputs, cells, text)
        logits = ((127 * int(projection.sum()) * factor + (1 << 19)) >> 20) + bias
        np.testing.assert_array_equal(run.step(text[-1]), logits + LOGIT_OFFSET)


def test_phrases_count() -> None:
    arrays = dict(tiny_arrays())
    with_phrases = Network(arrays).start()
    del arrays["phrases.keys"], arrays["phrases"]
    without = Network(arrays).start()
    same = [np.array_equal(with_phrases.step(token), without.step(token)) for token in (1, 3, 4)]
    assert same == [True, False, False]


def test_products_that_saturate_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Saturating:
        """A session as on a processor that adds pairs of products in 16 bits."""

        def __init__(self, _model: bytes) -> None:
            pass

        def run(self, _outputs: None, inputs: dict[str, NDArray[np.uint8]]) -> list[NDArray[np.int32]]:
            rows = inputs["values"].shape[1]
            return [np.full((1, 64), (rows // 2) * 32767 - rows * ZERO_POINT * ACTIVATION, np.int32)]

    signed_products_are_exact.cache_clear()
    monkeypatch.setattr("speechzip.pipeline.textcoder.network.open_session", Saturating)
    assert not signed_products_are_exact()
    signed_products_are_exact.cache_clear()


def test_a_fork_goes_its_own_way() -> None:
    first = Network(tiny_arrays()).start()
    for token in (1, 3, 4):
        first.step(token)
    second = first.fork()
    expected = first.step(5).copy()
    first.step(9)
    np.testing.assert_array_equal(second.step(5), expected)
    predictor = Predictor(Model(ARRAYS))
    predictor.predict()
    predictor.update(400)
    other = predictor.fork()
    odds = predictor.predict().ends.copy()
    predictor.update(401)
    np.testing.assert_array_equal(other.predict().ends, odds)


def test_odds_are_whole_and_every_token_is_possible() -> None:
    predictor = Predictor(Model(ARRAYS))
    for token in [400, 401, 0, 400, 401, 0] * 8 + list(range(2, 40)):
        odds = predictor.predict()
        frequencies = np.diff(odds.ends, prepend=0)
        assert int(frequencies.min()) >= 1
        assert odds.total == int(frequencies.sum()) < 1 << 30
        assert [odds.interval(odds.token_at(target)) for target in (0, odds.total - 1)] == [
            (0, int(frequencies[0]), odds.total),
            (odds.total - int(frequencies[-1]), int(frequencies[-1]), odds.total),
        ]
        predictor.update(token)
    assert all(SHARE_FLOOR <= share <= SHARE_CEILING < 1 << SHARE_BITS for table in predictor.shares for share in table)


def test_example_runs() -> None:
    assert doctest.testmod(onnxgraph, raise_on_error=True).attempted > 0
