from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.pipeline.system.varint import decode_varint, encode_varint


@pytest.mark.parametrize(
    ("value", "code"),
    [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02"), (16_384, "808001"), (2**32 - 1, "ffffffff0f")],
)
def test_known_codes(value: int, code: str) -> None:
    assert encode_varint(value).hex() == code
    assert decode_varint(bytes.fromhex(code)) == (value, len(code) // 2)


@given(st.integers(0, 2**32 - 1), st.binary(max_size=3), st.binary(max_size=3))
def test_numbers_come_back_and_end_too_soon(value: int, before: bytes, after: bytes) -> None:
    code = encode_varint(value)
    assert decode_varint(before + code + after, len(before)) == (value, len(before) + len(code))
    with pytest.raises(EOFError):
        decode_varint(before + code[:-1], len(before))


@pytest.mark.parametrize("code", ["ffffffff10", "ffffffff7f", "ffffffffff", "8000", "ff8000", "8080808000"])
def test_numbers_over_32_bits_or_with_needless_bytes_are_refused(code: str) -> None:
    with pytest.raises(ValueError, match="more than 32 bits, or more bytes than it needs"):
        decode_varint(bytes.fromhex(code))
