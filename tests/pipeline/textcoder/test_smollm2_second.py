"""The text coder `smollm2-1` does what a second implementation does, which was written from FORMAT.md alone.

Both read the same tiny model files, made here of random numbers.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import log2
from typing import Any

import numpy as np
import pytest
import second_transformer as second
from numpy.typing import NDArray
from speechzip.pipeline.textcoder import network
from speechzip.pipeline.textcoder.smollm import transformer
from speechzip.pipeline.textcoder.smollm.bytepairs import BytePairs
from speechzip.pipeline.textcoder.smollm.gguf import ModelFile
from speechzip.pipeline.textcoder.smollm.rotary import turns
from speechzip.pipeline.textcoder.smollm.transformer import Transformer, TransformerPredictor
from speechzip.pipeline.textcoder.smollm.weights import transformer_arrays
from tiny_model_file import (
    EXP2,
    HUGE,
    LARGE,
    LARGER,
    MERGES,
    SIGMOID,
    SMALL,
    VOCABULARY,
    WIDTH,
    Scales,
    adapter_arrays,
    adapter_lists,
    model_bytes,
    tokens,
)

Arrays = Mapping[str, NDArray[np.generic]]

RUN_OVER = 6
CLIPPED = {2**30, 2**17, 2**20, 4094, 16}
"""Limits that numbers can pass. Attention has one more, but its result is a mean of values, which have theirs."""


@dataclass(frozen=True)
class Pair:
    """The same model, read by both."""

    arrays: Arrays
    weights: second.Weights

    def other(self, context: int = 1024) -> second.Transformer:
        return second.Transformer(self.weights, SIGMOID, EXP2, context)


def both(seed: int, scales: Scales) -> Pair:
    chance = random.Random(seed)
    content = model_bytes(chance, scales)
    adapter = adapter_lists(chance, scales)
    arrays = transformer_arrays(ModelFile(content), adapter_arrays(adapter))
    return Pair(arrays, second.read_weights(content, adapter))


@pytest.fixture(scope="module", name="small")
def small_models() -> Pair:
    return both(1, SMALL)


@pytest.fixture(scope="module", name="large")
def large_models() -> Pair:
    return both(2, LARGE)


# Matrices


def second_arrays(weights: second.Weights) -> dict[str, list[Any]]:
    """Return the arrays of the second implementation by their names in the first."""
    found: dict[str, list[Any]] = {"sigmoid": SIGMOID, "exp2": EXP2, "gains": weights.gains}
    matrices = {"embedding": weights.embedding}
    for number, layer in enumerate(weights.layers):
        found |= {f"{number}.attention.gains": layer.first_gains, f"{number}.gated.gains": layer.second_gains}
        matrices |= {
            f"{number}.attention.inputs": layer.a,
            f"{number}.attention.output": layer.b,
            f"{number}.gated.inputs": layer.c,
            f"{number}.down": layer.d,
        }
    for name, matrix in matrices.items():
        found |= {name: [list(row) for row in matrix.rows], f"{name}.factors": matrix.factors}
    return found


@pytest.mark.parametrize("name", ["small", "large"])
def test_arrays_are_those_of_the_second_implementation(name: str, request: pytest.FixtureRequest) -> None:
    pair: Pair = request.getfixturevalue(name)
    expected = second_arrays(pair.weights)
    assert pair.arrays.keys() == expected.keys()
    for array, values in expected.items():
        assert pair.arrays[array].tolist() == values, array


# The network


def chosen(seed: int, count: int) -> list[int]:
    chance = random.Random(seed)
    return [chance.randrange(2, VOCABULARY) if chance.random() < 0.9 else 0 for _ in range(count)]


def assert_same(predictor: TransformerPredictor, other: second.Transformer) -> None:
    odds = predictor.predict()
    ends = list(accumulate(other.frequencies()))
    assert odds.total == ends[-1]
    assert odds.ends.tolist() == ends


def assert_same_run(
    predictor: transformer.TransformerPredictor, other: second.Transformer, tokens: Sequence[int]
) -> None:
    """Compare the frequencies before the first token and after each one."""
    assert_same(predictor, other)
    for token in tokens:
        predictor.update(token)
        other.take(token)
        assert_same(predictor, other)


def test_frequencies_are_those_of_the_second_implementation(small: Pair) -> None:
    assert_same_run(Transformer(small.arrays).start(), small.other(), chosen(3, 24))


@pytest.mark.parametrize(("scales", "limits"), [(LARGE, CLIPPED), (LARGER, CLIPPED), (HUGE, CLIPPED | {2**31})])
def test_frequencies_are_the_same_where_numbers_are_limited(
    scales: Scales, limits: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    limited: set[int] = set()

    def noted(x: int, low: int, high: int) -> int:
        if x < low or x > high:
            limited.add(high)
        return low if x < low else min(x, high)

    monkeypatch.setattr(second, "clip", noted)
    pair = both(2, scales)
    assert_same_run(Transformer(pair.arrays).start(), pair.other(), chosen(4, 10))
    assert limited == limits


@pytest.mark.parametrize("bits", range(20, 31))
def test_norms_are_those_of_the_second_implementation(bits: int) -> None:
    chance = random.Random(bits)
    gains = [chance.randrange(-(1 << 16), 1 << 16) for _ in range(WIDTH)]
    states = [chance.randrange(-(1 << bits), 1 << bits) for _ in range(WIDTH)]
    states[7] = -(1 << bits)
    digits, (unit,) = transformer.normed(np.array([states]), np.array(gains))
    steps, rest = digits.astype(np.int64) - network.ZERO_POINT
    expected, expected_unit = second.normed(states, gains)
    assert (steps * 128 + rest).tolist() == expected
    assert unit == expected_unit


def test_weights_are_those_of_the_second_implementation(small: Pair) -> None:
    odds = Transformer(small.arrays).odds.tolist()
    other = small.other()
    assert odds == [other.weight(d) for d in range(len(odds))]
    assert not any(other.weight(d) for d in range(len(odds) - 1, len(odds) + 1024))


def test_a_full_context_starts_again_alike(small: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformer, "CONTEXT", RUN_OVER)
    assert_same_run(Transformer(small.arrays).start(), small.other(RUN_OVER), chosen(5, 3 * RUN_OVER))


def test_unsigned_products_are_the_same(small: Pair, large: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "signed_products_are_exact", lambda: False)
    for pair in (small, large):
        assert_same_run(Transformer(pair.arrays).start(), pair.other(), chosen(6, 4))


@pytest.mark.parametrize("context", [1024, RUN_OVER])
def test_a_fork_goes_on_alike(small: Pair, context: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformer, "CONTEXT", context)
    predictor = Transformer(small.arrays).start()
    before, one, two = chosen(7, 4), chosen(8, 4), chosen(9, 4)
    for token in before:
        predictor.update(token)
    fork = predictor.fork()
    for branch, following in ((fork, one), (predictor, two)):
        other = small.other(context)
        for token in before:
            other.take(token)
        assert_same_run(branch, other, following)


def test_many_tokens_at_once_are_the_same(small: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformer, "CONTEXT", RUN_OVER)
    monkeypatch.setattr(transformer, "AT_ONCE", RUN_OVER + 3)
    predictor = Transformer(small.arrays).start()
    other = small.other(RUN_OVER)
    tokens = chosen(10, 4 * RUN_OVER)
    for start, end in ((0, 1), (1, 3), (3, len(tokens))):
        found = predictor.intervals(tokens[start:end])
        expected: list[tuple[int, int, int]] = []
        for token in tokens[start:end]:
            frequencies = other.frequencies()
            expected.append((sum(frequencies[:token]), frequencies[token], sum(frequencies)))
            other.take(token)
        assert found == expected
        predictor.update(tokens[end - 1])
    assert_same(predictor, other)


@pytest.mark.parametrize("context", [1024, RUN_OVER])
def test_bits_of_texts_at_once_are_those_of_each_alone(
    small: Pair, context: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transformer, "CONTEXT", context)
    monkeypatch.setattr(transformer, "AT_ONCE", 5)
    begin, middle = chosen(11, 4), chosen(12, 2 * RUN_OVER)
    texts = [[*begin, *middle, 0], [*begin, 9, *middle, 0], begin, [0], [*begin, *middle, 5, 0], [*begin, *middle, 0]]
    alone: list[float] = []
    for text in texts:
        other, frequencies = small.other(context), list[list[int]]()
        for token in text:
            frequencies.append(other.frequencies())
            other.take(token)
        alone.append(sum(log2(sum(each) / each[token]) for each, token in zip(frequencies, text, strict=True)))
    assert Transformer(small.arrays).bits(texts) == pytest.approx(alone, abs=1e-9)


def test_turns_are_those_of_the_second_implementation() -> None:
    pairs = [second.angles(pair) for pair in range(second.HEAD // 2)]
    assert [list(zip(*turn.tolist(), strict=True)) for turn in turns(1024, second.HEAD // 2)] == list(
        map(list, zip(*pairs, strict=True))
    )


# Tokens


TEXTS = [
    "",
    "Hello there, the thing is in the hall.",
    "It's what they'd've said; we're, I'll, I'm, don't, 'sure 'tis, ''s, S'S",
    "On 12.05.2024 at 9:30, 1234 and a 1",
    "“Quoted,” she said – ‘really’ … naïve café Ärger",
    "smile 😀😀 👩‍👩‍👧 done",
    "bell\x07tab\tdelete\x7f\x00end \x1b[0m",
    "one line\nthe next\n\n\nand  more   spaces    here     \n",
    "   the start, the end   ",
    "a \n the \r\n\n\nthing",
    "o" * 100,
    "漢字" * 20,
    " " + "!" * 90,
    "\u0080\u00a0\u2028\ufffd\U0010ffff",
    "bytes without a token: \x04\x06\x13\x14\x16\x1d \U00040000 \U000bffff",
]


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_are_those_of_the_second_implementation(text: str) -> None:
    pairs = BytePairs(tokens(), MERGES, second.SPECIAL)
    ids = pairs.encode(text)
    assert ids == second.Tokens(tokens(), MERGES).encode(text)
    assert pairs.decode(ids[:-1]) == text
