from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.pipeline import PayloadCorrupt
from speechzip.pipeline.textcoder.tokens import END, FIRST_BYTE, FIRST_PIECE, MARKS, Vocabulary, fold, unfold

ANY = st.text(st.characters(exclude_categories=["Cs"]))
CASED = st.text("aAbBiI .?!'\"-1é\n\x01\x02")
SMALL = Vocabulary([" ", *"abcdefghijklmnopqrstuvwxyz", ".", "\x01", "\x02", "\x03", " \x01", " h", " he", "ll"])


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Well, yes. I know.", " well, yes. i know."),
        ("So John said OK.", " so \x01john said \x03ok."),
        ("i am", " \x02i am"),
        ("Is it NATOs iPhone?", " is it \x03nat\x01os \x02i\x01phone?"),
        ("McDonald", " mc\x01donald"),
        ('"Why?" He left', ' "why?" he left'),
        ("", ""),
        (" ", "  "),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert unfold(folded) == text


@given(ANY | CASED)
def test_fold_comes_back(text: str) -> None:
    assert unfold(fold(text)) == text
    assert not set(fold(text)) & set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@given(st.text("ab .i?'" + MARKS))
def test_any_folded_text_is_some_text(folded: str) -> None:
    assert not set(unfold(folded)) & set(MARKS)


@pytest.mark.parametrize(
    ("folded", "text"),
    [
        (" \x01\x02\x03abc", "ABC"),
        (" \x03\x01abc", "Abc"),
        (" a. \x01\x02abc", "A. abc"),
        (" \x03 abc\x01", " abc"),
        (" \x01\x01", ""),
    ],
)
def test_of_several_marks_the_last_one_holds(folded: str, text: str) -> None:
    assert unfold(folded) == text


@pytest.mark.parametrize("folded", [MARKS, "\x01a", "\x01\x01\x01 ", "a.'", "\x03\x03a "])
def test_unfolding_takes_linear_time(folded: str) -> None:
    # Where the work grows with the square of the length, this does not end within hours.
    assert len(unfold(folded * 300_000)) <= 300_000 * len(folded)


@given(ANY | CASED)
def test_tokens_come_back(text: str) -> None:
    tokens = SMALL.encode(text)
    assert tokens.pop() == END
    assert all(FIRST_BYTE <= token < len(SMALL) for token in tokens)
    assert SMALL.decode(tokens) == text


def test_pieces_are_joined_the_useful_first() -> None:
    pieces = [SMALL.pieces[token - FIRST_PIECE] for token in SMALL.encode("Hello")[:-1]]
    assert pieces == [" he", "ll", "o"]


def test_unknown_characters_are_spelled_in_bytes() -> None:
    assert SMALL.encode("é") == [FIRST_PIECE, FIRST_BYTE + 0xC3, FIRST_BYTE + 0xA9, END]


@pytest.mark.parametrize("spelled", [[0xC3], [0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80]])
def test_bytes_that_are_no_text(spelled: list[int]) -> None:
    with pytest.raises(PayloadCorrupt, match="UTF-8"):
        SMALL.decode([FIRST_BYTE + byte for byte in spelled])
