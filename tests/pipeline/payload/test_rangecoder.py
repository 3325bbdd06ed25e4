from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.pipeline.payload.coding.rangecoder import MAX_TOTAL_BITS, RangeDecoder, RangeEncoder

Interval = tuple[int, int, int]


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    total = draw(st.sampled_from([1, 2, 3, 255, 4096, (1 << 24) - 1, 1 << MAX_TOTAL_BITS]))
    start = draw(st.integers(0, total - 1))
    return start, draw(st.sampled_from([1, total - start])), total


def code_of(symbols: list[Interval]) -> bytes:
    encoder = RangeEncoder()
    for symbol in symbols:
        encoder.encode(*symbol)
    return encoder.finish()


def read_back(code: bytes, symbols: list[Interval]) -> None:
    decoder = RangeDecoder(code)
    for start, frequency, total in symbols:
        assert start <= decoder.target(total) < start + frequency
        decoder.consume(start, frequency, total)


@given(st.lists(intervals(), max_size=60))
def test_comes_back_at_the_cost_that_the_odds_say(symbols: list[Interval]) -> None:
    code = code_of(symbols)
    read_back(code, symbols)
    bits = sum(math.log2(total / frequency) for _, frequency, total in symbols)
    # 2^-8 bits a symbol for the rounding of a share, a byte for the end
    assert 8 * len(code) <= bits + len(symbols) / 128 + 8


@given(st.lists(intervals(), max_size=30))
def test_finishing_changes_nothing(symbols: list[Interval]) -> None:
    encoder = RangeEncoder()
    for symbol in symbols:
        encoder.finish()
        encoder.encode(*symbol)
    assert encoder.finish() == encoder.finish() == code_of(symbols)


@pytest.mark.parametrize(
    ("symbols", "code"),
    [
        ([], ""),
        ([(0, 1, 2)], ""),
        ([(1, 1, 2)], "80"),
        ([(0, 1, 2), (3, 5, 8), (99, 1, 100)], "7f34"),
        ([(255, 1, 256)] * 4, "ffffffff"),
        ([(254, 1, 256), (0xFFFFFFFF, 1, 1 << 32)], "feffffffff"),
    ],
)
def test_golden(symbols: list[Interval], code: str) -> None:
    assert code_of(symbols).hex() == code


def test_carry_runs_back_over_full_bytes() -> None:
    # thirds of an interval whose lower bytes are all 0xFF: the last symbol pushes low over the top
    symbols = [(1, 1, 3)] * 40 + [(2, 1, 3)] * 40 + [(0, 2, 3)] * 40
    read_back(code_of(symbols), symbols)


def test_certain_symbols_are_free() -> None:
    assert code_of([(0, 9, 9)] * 1000) == b""


def test_ten_thousand_symbols() -> None:
    symbols = [(index * 7919 % 4096, 1 + index % 3, 5000) for index in range(10_000)]
    read_back(code_of(symbols), symbols)


@given(st.binary(max_size=40), st.lists(st.integers(1, 1 << MAX_TOTAL_BITS), max_size=40))
def test_rubbish_is_always_some_symbol(code: bytes, totals: list[int]) -> None:
    decoder = RangeDecoder(code)
    for total in totals:
        target = decoder.target(total)
        assert 0 <= target < total
        decoder.consume(target, 1, total)
