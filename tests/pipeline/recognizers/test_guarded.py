from __future__ import annotations

import pytest
from speechzip.pipeline import SpeechzipWarning
from speechzip.pipeline.recognizers.guarded import PROMPT_TOKENS, vocabulary_prompt


def count_words(text: str) -> int:
    return len(text.split())


def test_a_vocabulary_as_a_prompt() -> None:
    assert vocabulary_prompt([], count_words) == ""
    assert vocabulary_prompt(["Ford Fusion", "King"], count_words) == "Ford Fusion, King"
    words = [f"word{index}" for index in range(PROMPT_TOKENS)]
    assert vocabulary_prompt(words, count_words) == ", ".join(words)


def test_what_does_not_fit_is_told() -> None:
    words = [f"word{index}" for index in range(PROMPT_TOKENS + 2)]
    with pytest.warns(SpeechzipWarning, match=rf"room for {PROMPT_TOKENS} of the {PROMPT_TOKENS + 2} words"):
        assert vocabulary_prompt(words, count_words) == ", ".join(words[:PROMPT_TOKENS])
