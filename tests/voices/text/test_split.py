from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.voices.text.split import split_text


@given(st.text(max_size=300), st.integers(1, 40))
def test_nothing_is_lost_and_nothing_is_too_long(text: str, longest: int) -> None:
    cut = list(split_text(text, longest))
    assert all(1 <= len(piece) <= longest for piece in cut)
    assert "".join("".join(cut).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("", []),
        ("Short.", ["Short."]),
        ("One two. Three four five.", ["One two.", "Three four five."]),
        ("Yes. No. Well, maybe so.", ["Yes. No.", "Well, maybe so."]),
        ("abcdefghijklmnopqrstuvwxyz", ["abcdefghijklmnop", "qrstuvwxyz"]),
        ("今天天气很好。我们去公园散步吧，好吗？", ["今天天气很好。", "我们去公园散步吧，好吗？"]),
    ],
)
def test_cut_where_a_speaker_would_breathe(text: str, cut: list[str]) -> None:
    assert list(split_text(text, 16)) == cut
