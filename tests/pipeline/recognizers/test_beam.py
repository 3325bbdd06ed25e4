from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from speechzip.pipeline.recognizers.moonshine.beam import Hypothesis, search
from speechzip.pipeline.recognizers.moonshine.decoder import (
    END_TOKEN,
    Decoder,
    LogProbabilities,
    Reading,
    Sound,
    State,
)
from speechzip.pipeline.recognizers.moonshine.tokenizer import Tokenizer
from speechzip.pipeline.recognizers.moonshine.vocabulary import PhraseBias

THE, LETTER, LEDGER, OF = 10, 11, 12, 13
VOCABULARY_SIZE = 32

Table = dict[tuple[int, ...], dict[int, float]]
"""Tokens so far -> probabilities of the next one; every other token has almost none."""


class ScriptedDecoder(Decoder):
    """A decoder that takes its probabilities from a table. The cache of a hypothesis is its tokens."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.batch_sizes: list[int] = []

    def begin(self, sound: Sound, tokens: Sequence[int] = ()) -> tuple[LogProbabilities, State]:
        cache = {"tokens": np.zeros((1, 0), np.float32)}
        return self._following(cache["tokens"], sound), State(sound, cache)

    def next(self, state: State, tokens: Sequence[int], rows: Sequence[int] = (0,)) -> tuple[LogProbabilities, State]:
        self.batch_sizes.append(len(tokens))
        grown = np.column_stack([state.cache["tokens"][list(rows)], np.array(tokens, np.float32)])
        return self._following(grown, state.sound), State(state.sound, {"tokens": grown})

    def _following(self, batch: LogProbabilities, sound: Sound) -> LogProbabilities:
        table: Table = sound.get("table", self._table)
        following = np.full((len(batch), VOCABULARY_SIZE), -100.0, np.float32)
        for row, tokens in enumerate(batch):
            for token, probability in table.get(tuple(tokens.astype(int).tolist()), {END_TOKEN: 1.0}).items():
                following[row, token] = math.log(probability)
        return following


GARDEN_PATH: Table = {
    (): {THE: 1.0},
    (THE,): {LETTER: 0.6, LEDGER: 0.4},
    (THE, LETTER): {OF: 0.4, END_TOKEN: 0.3, THE: 0.3},
    (THE, LEDGER): {OF: 1.0},
}
"""After "the", "letter" is likelier. The words after it show that it was "ledger"."""


class _NoWords(Tokenizer):
    def __init__(self) -> None:
        self._tokens = [b""] * VOCABULARY_SIZE


NO_PHRASES = PhraseBias((), _NoWords())


class _FewWords(_NoWords):
    def encode(self, text: str) -> list[int]:
        return [{"the": THE, "letter": LETTER, "ledger": LEDGER, "of": OF}[word] for word in text.lower().split()]


def _search(
    table: Table, width: int, most: int = 9, margin: float = 6.0, phrases: PhraseBias = NO_PHRASES
) -> list[Hypothesis]:
    return search(ScriptedDecoder(table), [{}], width, most, phrases, margin)


def test_a_beam_finds_what_only_later_words_tell() -> None:
    found = _search(GARDEN_PATH, width=2)
    assert found[0].reading.tokens == [THE, LEDGER, OF]
    assert found[0].score == pytest.approx(math.log(0.4), abs=1e-5)
    assert found[0].reading.log_probability == pytest.approx(math.log(0.4), abs=1e-5)
    assert found[0].reading.ended
    assert [hypothesis.score for hypothesis in found] == sorted(
        (hypothesis.score for hypothesis in found), reverse=True
    )


def test_of_two_sounds_the_mean_counts() -> None:
    """Each sound alone is misread, at another word; together they are read rightly."""
    first: Table = {(): {THE: 1.0}, (THE,): {LEDGER: 0.55, LETTER: 0.45}, (THE, LETTER): {OF: 1.0}}
    second: Table = {(): {THE: 1.0}, (THE,): {LETTER: 0.9, LEDGER: 0.1}, (THE, LETTER): {END_TOKEN: 0.6, OF: 0.4}}
    decoder = ScriptedDecoder({})
    best = [
        search(decoder, [{"table": table} for table in tables], 4, 9, NO_PHRASES)[0]
        for tables in ([first], [second], [first, second])
    ]
    assert [each.reading.tokens for each in best] == [[THE, LEDGER], [THE, LETTER], [THE, LETTER, OF]]
    assert best[2].score == pytest.approx((math.log(0.45) + math.log(0.9 * 0.4)) / 2, abs=1e-4)
    assert best[2].score == pytest.approx(sum(best[2].reading.log_probabilities), abs=1e-5)


def test_a_beam_of_one_is_greedy() -> None:
    assert _search(GARDEN_PATH, width=1)[0].reading.tokens == [THE, LETTER, OF]


def test_hypotheses_far_behind_are_dropped() -> None:
    decoder = ScriptedDecoder(GARDEN_PATH)
    search(decoder, [{}], 4, 9, NO_PHRASES, margin=0.1)
    assert decoder.batch_sizes == [1, 1, 1]


def test_no_reading_if_the_best_does_not_end() -> None:
    loop: Table = {(THE,) * length: {THE: 0.9, END_TOKEN: 0.1} for length in range(20)}
    assert _search(loop, width=2, most=12) == []
    assert len(_search(GARDEN_PATH, width=2, most=4)) == 3
    assert _search(GARDEN_PATH, width=2, most=3) == []


@pytest.mark.parametrize(
    ("second", "read"),
    [(THE, [THE, LETTER]), (OF, [LEDGER, OF])],  # "ledger the" and "ledger of" are likelier than "the letter"
)
def test_a_hypothesis_followed_for_a_phrase_ends_unless_the_phrase_is_said(second: int, read: list[int]) -> None:
    table: Table = {(): {THE: 0.7, LEDGER: 0.3}, (THE,): {LETTER: 0.4, OF: 0.3, THE: 0.3}, (LEDGER,): {second: 1.0}}
    phrases = PhraseBias(["ledger of"], _FewWords(), bonus=1.0)
    assert _search(table, width=1)[0].reading.tokens == [THE, LETTER]
    found = _search(table, width=1, phrases=phrases)
    assert found[0].reading.tokens == read
    assert _search(table, width=2)[0].reading.tokens == [LEDGER, second]


def test_a_preferred_phrase_is_surer() -> None:
    reading = Reading([THE, LETTER], [math.log(0.5), math.log(0.5), math.log(0.5)])
    assert Hypothesis(reading, reading.log_probability).confidence == pytest.approx(0.5)
    assert Hypothesis(reading, reading.log_probability + 3 * math.log(1.5)).confidence == pytest.approx(0.75)
    assert Hypothesis(reading, 0.0 + 2).confidence == 1.0
    assert Hypothesis(Reading([], [math.log(0.9)]), math.log(0.9)).confidence == 0.0
