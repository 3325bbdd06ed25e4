"""Words given to the right speaker, beside all pairings tried one by one, and beside meeteval."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.eval.metrics.attributed import attributed_word_errors
from speechzip.eval.metrics.wer import word_errors

WORDS = dict(zip("abcdef", ("apple", "bridge", "candle", "dragon", "engine", "forest"), strict=True))

# What meeteval 0.4.3 (`cp_word_error_rate`) says of each: errors and words of the reference.
MEETEVAL = [
    (["bcedfeaea", "cebbfdee"], ["fbbfbed", "f", "be", "c"], 13, 17),
    (["defdf"], ["defdf"], 0, 5),
    (["caadf", "acadbacd"], ["ae", "d", "ecebac", "a"], 10, 13),
    (["f", "dcfcef"], ["aeafaccf", "ceecbcbc", "eccdaa"], 19, 7),
    (["ebfcb", "bfdffa"], ["bfdefa", "ebfcb"], 1, 11),
    (["ebdcec"], ["fdcded", "d", "bad", "defbafdff"], 17, 6),
    (["cbaecabaa", "bdeaadfab", "cbfaeedae"], ["cbcecafaa", "cbfaceaaa", "adeaadfab"], 6, 27),
]


def _turns(texts: list[str]) -> list[tuple[int, str]]:
    return [(speaker, " ".join(WORDS[letter] for letter in text)) for speaker, text in enumerate(texts)]


@pytest.mark.parametrize(("said", "heard", "errors", "words"), MEETEVAL)
def test_as_meeteval_counts(said: list[str], heard: list[str], errors: int, words: int) -> None:
    found = attributed_word_errors(_turns(said), _turns(heard))
    assert (found.errors, found.reference_words) == (errors, words)


_TEXTS = st.lists(st.text("abcd", min_size=1, max_size=5), max_size=4)


@settings(max_examples=50)
@given(_TEXTS, _TEXTS)
def test_no_pairing_is_better(said: list[str], heard: list[str]) -> None:
    size = max(len(said), len(heard))
    reference, hypothesis = ([text for _, text in _turns(texts)] for texts in (said, heard))
    reference += [""] * (size - len(reference))
    hypothesis += [""] * (size - len(hypothesis))
    best = min(
        sum(
            word_errors([one], [other]).errors if one else len(other.split())
            for one, other in zip(reference, order, strict=True)
        )
        for order in permutations(hypothesis)
    )
    assert attributed_word_errors(_turns(said), _turns(heard)).errors == best


def test_turns_of_a_speaker_are_joined_and_names_do_not_matter() -> None:
    said = [("Anna", "good morning"), ("Ben", "hello"), ("Anna", "how are you")]
    assert attributed_word_errors(said, [(1, "good morning how are you"), (0, "hello")]).errors == 0
    swapped = attributed_word_errors(said, [(1, "good morning"), (0, "hello how are you")])
    assert swapped.errors == 4  # Anna's last words make the one who said "hello" more like her than the other


def test_nobody_says_anything() -> None:
    assert attributed_word_errors([], []).rate == 0
    assert attributed_word_errors([], [("Anna", "hello there")]).insertions == 2
    assert attributed_word_errors([("Anna", "hello there")], [("Ben", "uh")]).deletions == 2
