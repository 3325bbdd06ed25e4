from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein
from speechzip.pipeline.recognizers.moonshine.choice import (
    LARGE,
    SMALL,
    Opinion,
    least_risk,
    preferred,
    word_distance,
)

words = st.lists(st.sampled_from(["a", "b", "c"]), max_size=8)


@given(words, words)
def test_word_distance(left: list[str], right: list[str]) -> None:
    assert word_distance(left, right) == Levenshtein.distance(left, right)


def test_the_likeliest_unless_others_agree_against_it() -> None:
    assert least_risk(["four fusion", "Ford Fusion"], [-1.0, -2.0]).index == 0
    assert least_risk(["Ford Fusion", "four fusion"], [-1.0, -2.0]).index == 0
    assert (
        least_risk(["the letter of kings", "the ledger of things", "the ledger of kings"], [-1.0, -1.1, -1.1]).index
        == 2
    )
    assert least_risk(["said so"], [-30.0]).index == 0


def test_marks_and_capitals_are_no_words() -> None:
    assert least_risk(["no - so", "Yes, so", "yes, so", "yes so."], [-1.0, -1.5, -1.6, -1.7]).index == 1
    assert least_risk(["", "Yes."], [-1.0, -0.5]).index == 1


def test_agreement() -> None:
    assert least_risk(["one two three four"], [-9.0]).agreement == 1.0
    assert least_risk(["one two three four", "One, two, three, four!"], [-1.0, -1.0]).agreement == 1.0
    assert least_risk(["one two three four", "one two three for"], [-1.0, -1.0]).agreement == pytest.approx(15 / 16)
    assert least_risk(["", "yes"], [-1.0, -2.0]).agreement == pytest.approx(1 - 1 / (1 + math.e) / 8)


@pytest.mark.parametrize(
    ("texts", "scores", "bits", "wanted"),
    [
        (["I sea it.", "I see it."], [-1.0, -1.5], [30.0, 12.0], 1),
        (["I sea it.", "I see it."], [-1.0, -1.5], [13.0, 12.0], 0),  # a bit is worth a quarter of a nat
        (["I see it", "I see it."], [-1.0, -1.5], [30.0, 12.0], 1),  # equal words
        (["You see it?", "You see it."], [-1.0, -1.1], [30.0, 12.0], 0),
        (["You sea it? No.", "You see it? No.", "You see it. No?"], [-1.0, -1.1, -1.2], [30.0, 20.0, 12.0], 1),
        (["Ask Violet King.", "Ask Silent King."], [-1.0, -1.1], [30.0, 12.0], 0),
        (["Ask Ford, I said.", "Ask Ford as I said."], [-1.0, -1.1], [30.0, 12.0], 1),
        (["Room 4 is I'd say.", "Room 5 is I'd say.", "Room 4, I'd say."], [-1.0, -1.1, -1.2], [30.0, 12.0, 20.0], 2),
        (["Ah.", ""], [-1.0, -1.0], [30.0, 0.0], 0),  # no words take no bits
        (["", "Ah."], [-1.0, -1.0], [0.0, 30.0], 0),
    ],
)
def test_of_rivals_the_text_coder_has_a_say(
    texts: list[str], scores: list[float], bits: list[float], wanted: int
) -> None:
    opinion = Opinion(lambda some: [bits[texts.index(text)] for text in some], *SMALL)
    assert preferred(least_risk(texts, scores), texts, scores, opinion) == wanted


def test_risks_are_the_word_errors_to_be_expected() -> None:
    choice = least_risk(["one two three", "One, two, three.", "one too three"], [-1.0, -1.0, -1.0])
    assert choice.risks == pytest.approx((1 / 3, 1 / 3, 2 / 3))


def test_a_large_coder_may_choose_among_readings_with_more_expected_errors() -> None:
    texts, scores = ["I sea it there.", "I see at there."], [-1.0, -1.5]  # 0.4 and 0.6 of two words wrong
    choice = least_risk(texts, scores)
    assert preferred(choice, texts, scores, Opinion(lambda _: [30.0, 12.0], 0.3, 1.0)) == 0
    assert preferred(choice, texts, scores, Opinion(lambda _: [30.0, 12.0], *LARGE)) == 1


def test_where_there_is_no_rival_nothing_is_coded() -> None:
    texts = ["one two three", "nothing of that"]

    def dear(_texts: Sequence[str]) -> list[float]:
        raise AssertionError

    for trust in (SMALL, LARGE):
        assert preferred(least_risk(texts, [-1.0, -9.0]), texts, [-1.0, -9.0], Opinion(dear, *trust)) == 0
