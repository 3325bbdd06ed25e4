from __future__ import annotations

import pytest
from speechzip.eval import character_errors, normalize, word_errors
from speechzip.eval.metrics.wer import kept_words, name_words, number_words, word_diff


def test_counts() -> None:
    # the cat sat on a mat / the cat sad on mat mat
    errors = word_errors(["the cat sat on a mat"], ["The cat sad, on mat mat."])
    assert (errors.hits, errors.substitutions, errors.deletions, errors.insertions) == (4, 2, 0, 0)
    assert errors.rate == pytest.approx(2 / 6)


def test_sums_over_texts() -> None:
    errors = word_errors(["red green", "blue"], ["", "blue gray black"])
    assert (errors.reference_words, errors.deletions, errors.insertions) == (3, 2, 2)
    assert errors.rate == pytest.approx(4 / 3)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("EIGHTEEN SIXTY TWO", "1862"),
        ("Mister Brown's colour", "Mr. Brown's color"),
        ("I'm", "I am"),
        ("Hello!", "hello"),
    ],
)
def test_same_words_written_differently(one: str, other: str) -> None:
    assert normalize(one) == normalize(other)


def test_characters() -> None:
    errors = character_errors(["cat"], ["cut"])
    assert (errors.hits, errors.substitutions) == (2, 1)
    assert errors.rate == pytest.approx(1 / 3)


def test_diff() -> None:
    parts = [(part.edit, part.reference, part.hypothesis) for part in word_diff("a b c", "a x c d")]
    assert parts == [("equal", "a", "a"), ("substitute", "b", "x"), ("equal", "c", "c"), ("insert", "", "d")]


def test_numbers_and_names_kept() -> None:
    said = "Call Stella at nine, then Stella calls on the 21st of May."
    assert number_words(said) == {"9", "21st"}
    assert name_words(said) == {"stella", "may"}
    assert kept_words(said, "call Stella at five, then stellar calls on the 21st of May", {"9", "21st"}) == (1, 2)
    assert kept_words(said, "call Stella at five, then stellar calls on the 21st of May", {"stella", "may"}) == (2, 3)


def test_capitals_only_say_nothing_of_names() -> None:
    assert name_words("CALL STELLA") == set()
