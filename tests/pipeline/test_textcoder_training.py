from __future__ import annotations

import collections
import random

import numpy as np
import pytest
from speechzip.pipeline.textcoder.ngrams import NgramTable, pack_level
from speechzip.pipeline.textcoder.tokens import END, START
from speechzip.pipeline.textcoder.training.corpus import count_vocabulary, encode_documents, split_documents
from speechzip.pipeline.textcoder.training.ngrams import count_codes, count_ngrams

DOCUMENTS = [["So, how are you?", "I'm fine, how are you?"] * 30, ["They said they are fine."] * 40]


def test_vocabulary_merges_what_is_frequent() -> None:
    vocabulary = count_vocabulary(DOCUMENTS, 285)
    assert len(vocabulary) == 285
    assert " are" in vocabulary.pieces
    for text in ("So, how are you?", "Unseen: Zebra!"):
        assert vocabulary.decode(vocabulary.encode(text)[:-1]) == text


def test_documents_start_and_their_lines_end() -> None:
    vocabulary = count_vocabulary(DOCUMENTS, 300)
    first = encode_documents(vocabulary, DOCUMENTS)[0].tolist()
    assert first[0] == START
    assert first.count(END) == 60
    assert first.count(START) == 1


def test_split_is_stable_and_loses_nothing() -> None:
    documents = [[f"Document {index}."] for index in range(3000)]
    training, validation = split_documents(documents)
    assert sorted(training + validation) == sorted(documents)
    assert 8 <= len(validation) <= 40
    assert split_documents(documents)[1] == validation


def test_table_holds_what_followed() -> None:
    rng = np.random.default_rng(0)
    tokens = (rng.zipf(1.4, 4000) % 50 + 2).astype(np.uint16)
    table = NgramTable(count_ngrams(tokens, wanted=10**6))
    codes = count_codes()
    sequence = tokens.tolist()
    for length in (1, 2, 3, 4):
        followers: dict[tuple[int, ...], collections.Counter[int]] = collections.defaultdict(collections.Counter)
        for at in range(length, len(sequence)):
            followers[tuple(sequence[at - length : at])][sequence[at]] += 1
        for context, counts in list(followers.items())[:200]:
            wanted = {token: count for token, count in counts.items() if length == 1 or count > 1}
            found = table.followers(context)
            known = dict(zip(found[0].tolist(), found[1].tolist(), strict=True)) if found else {}
            assert known.keys() == wanted.keys()
            for token, count in known.items():
                assert count in codes
                assert wanted[token] / 1.5 < count < wanted[token] * 1.5


@pytest.mark.parametrize("most", [1, 7, 300])
def test_levels_pack(most: int) -> None:
    rng = np.random.default_rng(most)
    children = rng.integers(0, most + 1, 4096)
    groups = [sorted(random.Random(count).sample(range(4096), count)) for count in children.tolist()]
    tokens = np.array([token for group in groups for token in group], np.int64)
    codes = rng.integers(0, 16, len(tokens))
    table = NgramTable({"ngrams.counts": count_codes(), **pack_level(1, children, tokens, codes)})
    start = 0
    for parent, count in enumerate(children.tolist()):
        found = table.followers([parent])
        if count == 0:
            assert found is None
        else:
            assert found is not None
            np.testing.assert_array_equal(found[0], tokens[start : start + count])
            np.testing.assert_array_equal(found[1], count_codes()[codes[start : start + count]])
        start += count
