from __future__ import annotations

import numpy as np
import pytest
from speechzip.pipeline.recognizers.moonshine.decoder import END_TOKEN
from speechzip.pipeline.recognizers.moonshine.tokenizer import Tokenizer
from speechzip.pipeline.recognizers.moonshine.vocabulary import START, PhraseBias
from speechzip.pipeline.system.wheels import recognizer_folder

BONUS = 2.0


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(recognizer_folder() / "assets" / "tiny-en" / "tokenizer.bin")


def _gained(phrases: list[str], tokens: list[int], tokenizer: Tokenizer, cost: float = 3.0) -> float:
    """Return what a text gains of which each token costs as much."""
    bias, place, earned = PhraseBias(phrases, tokenizer, BONUS), START, 0.0
    log_probabilities = np.full(len(tokenizer.within_word), -cost, np.float32)
    for token in [*tokens, END_TOKEN]:
        scores = np.zeros(len(tokenizer.within_word), np.float32)
        bias.add_earned(place, scores)
        earned += float(scores[token])
        hoped = scores.copy()
        bias.add_hoped(place, log_probabilities, hoped)
        place = bias.follow(place, token, -cost)
        assert hoped[token] - scores[token] == pytest.approx(place.gained)
    return earned


@pytest.mark.parametrize(
    ("text", "tokens_preferred"),
    [
        ("I drive a Ford Fusion", 3),  # ▁Ford ▁F usion
        ("I drive a Ford Fusion.", 3),
        ("Ford Fusion, Ford Fusion", 3),  # not right again
        ("Ford Fusion, King, Ford Fusion", 7),
        ("Ford Fusion and Ford Fusion", 6),
        ("I drive a Ford", 0),
        ("I drive a Ford Focus", 0),
        ("I drive a Ford Ford Fusion", 3),
        ("I drive a Ford Fusional", 0),
        ("The King's horses", 1),
        ("The Kings are here", 0),
        ("The kingdom", 0),
        ("Ham radio", 0),
        ("Sota activation", 2),  # with a capital at the start of a sentence
        ("sota activation", 2),
        ("", 0),
    ],
)
def test_only_whole_phrases_gain(text: str, tokens_preferred: int, tokenizer: Tokenizer) -> None:
    phrases = ["Ford Fusion", "King", "sota", "  ", ""]
    assert _gained(phrases, tokenizer.encode(text), tokenizer) == pytest.approx(BONUS * tokens_preferred)


def test_a_phrase_gains_no_more_than_it_costs(tokenizer: Tokenizer) -> None:
    for text, tokens in (("Ford Fusion", 3), ("Stella", 2), ("Please call Stella. Please call Stella.", 4)):
        assert _gained(["Ford Fusion", "Stella"], tokenizer.encode(text), tokenizer, cost=0.5) == 0.5 * tokens


def test_a_longer_phrase_goes_on_from_a_shorter_one(tokenizer: Tokenizer) -> None:
    phrases = ["Big Jim", "Big Jim's Auto"]
    for text, preferred in (("Big Jim", 2), ("Big Jim's Auto", 5), ("Big Jim's house", 2), ("Big time", 0)):
        assert _gained(phrases, tokenizer.encode(text), tokenizer) == pytest.approx(BONUS * preferred), text


def test_phrases_have_the_tokens_that_the_model_writes(tokenizer: Tokenizer) -> None:
    written = "It was our river, emerging like ourselves from the great swamp. Chapter five: Augustine's year, 1984."
    tokens = tokenizer.encode(written)
    assert tokenizer.text(tokens) == written
    assert [tokenizer.text([token]) for token in tokenizer.encode("emerging swamp,")] == [
        "emer",
        "ging",
        "sw",
        "amp",
        ",",
    ]
    assert tokenizer.text(tokenizer.encode("\U0001f4fb \u16a0")) == "\U0001f4fb \u16a0"
