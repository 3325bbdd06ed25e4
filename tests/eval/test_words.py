from __future__ import annotations

import pytest
from speechzip.eval import normalize, word_errors


def test_counts() -> None:
    # the cat sat on a mat / the cat sad on mat mat
    errors = word_errors(["the cat sat on a mat"], ["The cat sad, on mat mat."])
    assert (errors.hits, errors.substitutions, errors.deletions, errors.insertions) == (4, 2, 0, 0)
    assert errors.rate == pytest.approx(2 / 6)


def test_sums_over_texts() -> None:
    errors = word_errors(["red green", "blue"], ["", "blue grey black"])
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
