from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.eval import DiarizationErrors, SpeechSpan, diarization_errors, read_rttm
from speechzip.eval.metrics.diarization import best_pairs

# The worked example in the documentation of pyannote.metrics (H. Bredin, 2017), whose rate is 0.516
REFERENCE = [SpeechSpan(0, 10, "A"), SpeechSpan(12, 20, "B"), SpeechSpan(24, 27, "A"), SpeechSpan(30, 40, "C")]
HYPOTHESIS = [
    SpeechSpan(2, 13, "a"),
    SpeechSpan(13, 14, "d"),
    SpeechSpan(14, 20, "b"),
    SpeechSpan(22, 38, "c"),
    SpeechSpan(38, 40, "d"),
]


def test_the_example_of_pyannote_metrics() -> None:
    errors = diarization_errors(REFERENCE, HYPOTHESIS)
    assert (errors.speech_s, errors.missed_s, errors.false_alarm_s, errors.confused_s) == (31, 2, 7, 7)
    assert errors.rate == pytest.approx(0.516, abs=5e-4)


def test_overlap_counts_for_each_speaker() -> None:
    reference = [SpeechSpan(0, 10, "A"), SpeechSpan(6, 12, "B")]
    one_at_a_time = [SpeechSpan(0, 8, 1), SpeechSpan(8, 12, 2)]
    assert diarization_errors(reference, one_at_a_time) == DiarizationErrors(16, 4, 0, 0)
    assert diarization_errors(reference, one_at_a_time, overlap=False) == DiarizationErrors(8, 0, 0, 0)
    assert diarization_errors(one_at_a_time, reference) == DiarizationErrors(12, 0, 4, 0)


def test_a_collar_forgives_the_borders() -> None:
    reference = [SpeechSpan(1, 4, "A"), SpeechSpan(4, 8, "B")]
    hypothesis = [SpeechSpan(0.8, 4.2, 1), SpeechSpan(4.2, 7.5, 2)]
    strict = diarization_errors(reference, hypothesis)
    assert (strict.false_alarm_s, strict.confused_s, strict.missed_s) == pytest.approx((0.2, 0.2, 0.5))
    forgiving = diarization_errors(reference, hypothesis, collar_s=0.25)
    assert forgiving.speech_s == pytest.approx(7 - 2 * 0.25 - 0.5)
    assert (forgiving.false_alarm_s, forgiving.confused_s, forgiving.missed_s) == pytest.approx((0, 0, 0.25))


def test_ones_own_overlapping_spans_count_once() -> None:
    assert diarization_errors([SpeechSpan(0, 5, "A"), SpeechSpan(3, 6, "A")], []) == DiarizationErrors(6, 6, 0, 0)


def test_nobody() -> None:
    assert diarization_errors([], []).rate == 0
    assert diarization_errors([], [SpeechSpan(0, 1, 0)]).rate == float("inf")


def test_recordings_add_up() -> None:
    assert DiarizationErrors(10, 1, 2, 3) + DiarizationErrors(5, 1, 0, 2) == DiarizationErrors(15, 2, 2, 5)


def test_rttm(tmp_path: Path) -> None:
    path = tmp_path / "two.rttm"
    path.write_text(
        "SPKR-INFO one 1 <NA> <NA> <NA> unknown Ö <NA> <NA>\n"
        "SPEAKER one 1 1.5 2.25 <NA> <NA> Ö <NA> <NA>\nSPEAKER two 1 0 1 <NA> <NA> P <NA> <NA>\n",
        "utf-8",
    )
    assert read_rttm(path) == {"one": [SpeechSpan(1.5, 3.75, "Ö")], "two": [SpeechSpan(0, 1, "P")]}


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_no_pairs_are_better(rows: int, columns: int, seed: int) -> None:
    gains = np.random.default_rng(seed).integers(0, 10, (rows, columns)).astype(float)
    small, large = sorted((rows, columns))
    lying = gains if rows <= columns else gains.T
    best = max(lying[np.arange(small), np.array(order)].sum() for order in permutations(range(large), small))
    paired = best_pairs(gains)
    assert len(set(paired[0].tolist())) == len(set(paired[1].tolist())) == small
    assert gains[paired].sum() == best
