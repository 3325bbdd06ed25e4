from __future__ import annotations

import contextlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.pipeline import TEXT_CODERS, PayloadCorrupt, PayloadError, TextError
from speechzip.pipeline.textcoders import BrotliTextCoder
from speechzip.pipeline.types import MAX_TEXT_BYTES

CODER = BrotliTextCoder()
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(TEXT))
def test_comes_back(texts: list[str]) -> None:
    assert CODER.decode(CODER.encode(texts), len(texts)) == texts


@given(TEXT.filter(lambda text: not set(text) & set("\n\\")))
def test_never_worse_than_utf8_and_a_byte(text: str) -> None:
    assert len(CODER.encode([text])) <= len(text.encode()) + 1


def test_nothing_costs_nothing() -> None:
    assert CODER.encode([]) == CODER.encode(["", ""]) == b""
    assert CODER.decode(b"", 2) == ["", ""]


def test_long_text_is_packed() -> None:
    assert len(CODER.encode(["the same words again and again, " * 100])) < 60


@given(st.binary(min_size=1), st.integers(0, 9))
def test_rubbish(code: bytes, count: int) -> None:
    with contextlib.suppress(PayloadError):
        assert len(CODER.decode(code, count)) == count


def test_bomb_is_not_unpacked() -> None:
    bomb = b"\x01" + brotli.compress(bytes(50 * MAX_TEXT_BYTES))
    assert len(bomb) < 1000
    with pytest.raises(PayloadCorrupt, match="longer than"):
        CODER.decode(bomb, 1)


def test_surrogates_and_too_much_text_are_refused() -> None:
    with pytest.raises(TextError, match="U\\+DC80"):
        CODER.encode(["fine", "\udc80"])
    with pytest.raises(TextError, match="cut the recording"):
        CODER.encode(["x" * (MAX_TEXT_BYTES + 1)])


def test_registry_knows_its_coders() -> None:
    assert all(TEXT_CODERS[coder_id].id == coder_id for coder_id in TEXT_CODERS)
    assert 250 not in TEXT_CODERS
    assert len(TEXT_CODERS) == len(list(TEXT_CODERS))
