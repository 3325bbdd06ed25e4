from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest
from speechzip.pipeline import ENGINE_SAMPLE_RATE, RememberingRecognizer, Samples, SpeechzipWarning
from speechzip.pipeline.recognizers.guarded import PROMPT_TOKENS, Decoding, GuardedWhisper, vocabulary_prompt


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


class Bilingual(GuardedWhisper[Mapping[str, float]]):
    """A model whose segments sound like English or German, as the first sample says."""

    def _encode(self, samples: Samples) -> Mapping[str, float]:
        english = float(samples[0])
        return {"en": english, "de": 1 - english}

    def _probabilities(self, features: Mapping[str, float]) -> Mapping[str, float]:
        return features

    def _decode(self, features: Mapping[str, float], language: str, temperature: float) -> Decoding:
        return Decoding(language, -0.1, 0.0, 1.0, was_stopped=False)

    def _encode_word(self, word: str, language: str) -> list[int]:
        raise NotImplementedError

    def _token_starts(
        self, samples: Samples, features: Mapping[str, float], language: str, tokens: list[int]
    ) -> npt.NDArray[np.float64]:
        raise NotImplementedError


def segment(english: float, duration_s: float = 10.0) -> Samples:
    return np.full(int(duration_s * ENGINE_SAMPLE_RATE), english, np.float32)


def test_the_language_of_a_conversation_stays_and_can_change_after_hours() -> None:
    model = Bilingual("fake", ["en", "de"], "", 1, "")
    assert {model.transcribe(segment(0.98)).language for _ in range(360)} == {"en"}
    assert model.transcribe(segment(0.3, 1.0)).language == "en"  # a lone "Ja" sounds like any language
    assert [model.transcribe(segment(0.02)).language for _ in range(3)][-2:] == ["de", "de"]


def test_another_recording_begins_anew() -> None:
    one, other = Bilingual("fake", ["en", "de"], "", 1, ""), Bilingual("fake", ["en", "de"], "", 1, "")
    assert isinstance(one, RememberingRecognizer)
    for _ in range(10):
        one.transcribe(segment(0.98))
    assert one.transcribe(segment(0.4, 2.0)).language == "en"
    one.begin()
    assert one.transcribe(segment(0.4, 2.0)).language == other.transcribe(segment(0.4, 2.0)).language == "de"
