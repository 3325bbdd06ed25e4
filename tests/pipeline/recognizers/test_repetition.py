from __future__ import annotations

import math

import pytest
from speechzip.pipeline.recognizers.moonshine.decoder import Reading
from speechzip.pipeline.recognizers.moonshine.repetition import Run, repeated_runs


@pytest.mark.parametrize(
    ("tokens", "runs"),
    [
        ([], []),
        ([7] * 11, []),
        ([7] * 12, [Run(0, 1, 12)]),
        ([1, 2, 3] * 4, [Run(0, 3, 12)]),
        ([9, 1, 2, 3, 1, 2, 3, 1, 2, 3], []),
        (list(range(40)), []),
        ([5, *[1, 2] * 6, 1], [Run(1, 2, 14)]),  # to the middle of the phrase
        ([5, *[1, 2] * 6, 8, *[3] * 13, 4], [Run(1, 2, 13), Run(14, 1, 27)]),
        ([1, 1, 1, 2] * 5, [Run(0, 4, 20)]),
    ],
)
def test_runs(tokens: list[int], runs: list[Run]) -> None:
    assert repeated_runs(tokens) == runs


def test_a_sentence_said_twice() -> None:
    assert repeated_runs([*range(6), *range(6)], min_repeats=2) == [Run(0, 6, 12)]
    assert repeated_runs([*range(5), *range(5)], min_repeats=2) == []


def test_to_say_it_again_is_no_evidence() -> None:
    unsure, sure = math.log(0.25), math.log(1.0)
    assert Reading([7] * 16, [unsure, *[sure] * 15, unsure]).confidence == pytest.approx(0.25)
    assert Reading([7] * 3, [unsure, *[sure] * 3]).confidence == pytest.approx(0.25**0.25)
    assert Reading().confidence == 0.0
