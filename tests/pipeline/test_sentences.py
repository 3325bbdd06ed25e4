from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.pipeline import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        ("  ", []),
        ("One", ["One"]),
        ("Is it? Yes! 3.5 km, e.g. here; done.", ["Is it?", "Yes!", "3.5 km, e.g.", "here;", "done."]),
        ("Well… maybe.", ["Well…", "maybe."]),
        ("今天天气很好。我们去公园散步吧，好吗？ 好！", ["今天天气很好。", "我们去公园散步吧，好吗？", "好！"]),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@given(st.text(max_size=200))
def test_no_letter_is_lost(text: str) -> None:
    sentences = split_sentences(text)
    assert all(sentences)
    assert "".join("".join(sentences).split()) == "".join(text.split())
