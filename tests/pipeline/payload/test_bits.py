from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.pipeline import PayloadCorrupt, PayloadTruncated
from speechzip.pipeline.payload.coding.bits import AdaptiveGolomb, BitReader, BitWriter


@given(st.lists(st.integers(0, 40).flatmap(lambda width: st.tuples(st.integers(0, (1 << width) - 1), st.just(width)))))
def test_bits_come_back(numbers: list[tuple[int, int]]) -> None:
    writer = BitWriter()
    for value, width in numbers:
        writer.write(value, width)
    reader = BitReader(writer.getvalue())
    assert [reader.read(width) for _, width in numbers] == [value for value, _ in numbers]
    reader.finish()
    assert reader.bytes_read == len(writer.getvalue()) == (sum(width for _, width in numbers) + 7) // 8


@given(st.lists(st.integers(-(1 << 30) + 1, (1 << 30) - 1)), st.integers(1, 9), st.integers(0, 90))
def test_golomb_comes_back(values: list[int], count: int, total: int) -> None:
    writer = BitWriter()
    coder = AdaptiveGolomb(count, total)
    for value in values:
        coder.encode(value, writer)
    reader, decoder = BitReader(writer.getvalue()), AdaptiveGolomb(count, total)
    assert [decoder.decode(reader) for _ in values] == values


@pytest.mark.parametrize(
    ("value", "bits"), [(0, "10"), (-1, "11"), (1, "0100"), (-2, "0101"), (2, "0110"), (-3, "0111"), (3, "001000")]
)
def test_golomb_of_order_one(value: int, bits: str) -> None:
    # The table in the docstring and in FORMAT.md.
    writer = BitWriter()
    AdaptiveGolomb(1, 2).encode(value, writer)
    assert f"{int.from_bytes(writer.getvalue(), 'big'):08b}".startswith(bits)


def test_too_few_bits() -> None:
    with pytest.raises(PayloadTruncated):
        BitReader(b"\xff").read(9)


def test_endless_zeros_end() -> None:
    with pytest.raises(PayloadCorrupt):
        AdaptiveGolomb(1, 2).decode(BitReader(bytes(100)))


def test_padding_is_checked() -> None:
    reader = BitReader(b"\x81")
    reader.read(1)
    with pytest.raises(PayloadCorrupt):
        reader.finish()
