from __future__ import annotations

import collections
import itertools
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from speechzip.pipeline.textcoder.ngrams import NgramTable, pack_level
from speechzip.pipeline.textcoder.phrases import phrase_keys, phrase_rows
from speechzip.pipeline.textcoder.tokens import END, START
from speechzip.pipeline.textcoder.training.corpus import count_vocabulary, encode_documents, split_documents
from speechzip.pipeline.textcoder.training.ngrams import count_codes, count_ngrams, count_phrases
from speechzip.pipeline.textcoder.training.streams import Streams, load_tokens, save_tokens
from speechzip.pipeline.textcoder.training.world import ngrams as world_ngrams
from speechzip.pipeline.textcoder.training.world.sources import COMMON_VOICE, read_text

DOCUMENTS = [["So, how are you?", "I'm fine, how are you?"] * 30, ["They said they are fine."] * 40]


def followers_of(table: NgramTable, context: Sequence[int]) -> dict[int, int] | None:
    nodes: list[int] = []
    for token in context:
        nodes = table.extended(nodes, token)
    found = table.followers(len(context), nodes[len(context) - 1])
    if found is None:
        return None
    counts = found.counts
    known = (
        dict(counts) if isinstance(counts, dict) else {token: counts.get(token, 0) for token in counts.tokens.tolist()}
    )
    assert sum(known.values()) == found.total
    assert isinstance(counts, dict) or counts.get(max(known) + 1, -1) == -1
    return known


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
            found = followers_of(table, context)
            known = found or {}
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
        found = followers_of(table, [parent])
        if count == 0:
            assert found is None
        else:
            assert found is not None
            assert list(found) == tokens[start : start + count].tolist()
            assert list(found.values()) == count_codes()[codes[start : start + count]].tolist()
        start += count


def test_phrases_are_the_most_frequent_runs_by_weight() -> None:
    often = np.array([START, 5, 6, 7, 9] + [5, 6, 7, 8] * 30, np.int64)
    seldom = np.array([START, 20, 21] + [30, 31, 32, 33, 34] * 20, np.int64)
    assert count_phrases([(often, 1.0), (seldom, 0.1)], 3).tolist() == [
        5 << 12 | 6,
        6 << 12 | 7,
        (5 + 1) << 24 | 6 << 12 | 7,
    ]
    assert all(key & 0xFFF >= 30 for key in count_phrases([(often, 1.0), (seldom, 50.0)], 3).tolist())
    assert len(count_phrases([(often, 1.0)], 0)) == 0


def test_phrase_rows_find_the_longest_phrase_that_a_token_ends() -> None:
    two, three = 5 << 12 | 6, (4 + 1) << 24 | 5 << 12 | 6
    started = START << 12 | 4
    keys = np.array(sorted((two, three, started)), np.uint64)
    tokens = np.array([START, 4, 5, 6, 7, 5, 6], np.int64)
    rows = phrase_rows(tokens, keys).tolist()
    names = {keys.tolist().index(key): key for key in (two, three, started)}
    assert [names.get(row) for row in rows] == [None, started, None, three, None, None, two]
    recent = (START, START)
    for token, row in zip(tokens.tolist(), rows, strict=True):
        known = [key for key in phrase_keys(*recent, token) if key in keys.tolist()]
        assert names.get(row) == (known[0] if known else None)
        recent = (recent[1], token)
    assert phrase_rows(tokens, np.empty(0, np.uint64)).tolist() == [0] * 7


def documents_of_numbers(count: int, length: int) -> list[NDArray[np.int64]]:
    return [np.array([START, *range(2 + 1000 * n, 2 + 1000 * n + length), END], np.int64) for n in range(count)]


def test_streams_read_documents_on_from_window_to_window() -> None:
    documents = documents_of_numbers(3, 50)
    streams = Streams(documents, np.ones(3), np.array([2 << 12 | 3], np.uint64), columns=2, time=7, seed=(1, 0))
    windows = [streams.next() for _ in range(60)]
    for before, after in itertools.pairwise(windows):
        np.testing.assert_array_equal(before.tokens[-1], after.tokens[0])
    for column in range(2):
        text = np.concatenate([window.tokens[:-1, column] for window in windows])
        phrases = np.concatenate([window.phrases[:, column] for window in windows])
        starts = np.flatnonzero(text == START)
        assert starts[0] < 52  # the first document is cut
        for at in starts[:-1].tolist():
            document = next(document for document in documents if document[1] == text[at + 1])
            np.testing.assert_array_equal(text[at : at + 52], document)
        np.testing.assert_array_equal(phrases == 0, (text == 3) & (np.roll(text, 1) == 2))


def test_streams_go_through_sources_by_their_weights() -> None:
    documents = documents_of_numbers(4, 30)
    weights = np.array([2.0, 1.0, 0.25, 0.0])
    streams = Streams(documents, weights, np.empty(0, np.uint64), columns=1, time=32, seed=(1, 0))
    text = np.concatenate([streams.next().tokens[:-1, 0] for _ in range(1300)])
    firsts = text[1:][text[:-1] == START] // 1000
    passes = np.bincount(firsts, minlength=4) / len(firsts) * weights.sum()
    assert passes.tolist() == pytest.approx(weights.tolist(), abs=0.1)


def test_first_windows_are_like_later_ones() -> None:
    documents = [*documents_of_numbers(3, 30), np.array([START, *range(3000, 3900), END], np.int64)]
    weights = np.array([1.0, 1.0, 1.0, 0.5])
    streams = Streams(documents, weights, np.empty(0, np.uint64), columns=400, time=10, seed=(1, 0))
    long = [(window.tokens[:, :] >= 3000).mean() for window in (streams.next() for _ in range(200))]
    wanted = 0.5 * 902 / (0.5 * 902 + 3 * 32)
    assert np.mean(long[:5]) == pytest.approx(wanted, abs=0.06)
    assert np.mean(long[-50:]) == pytest.approx(wanted, abs=0.06)


def test_tokens_are_kept_by_document(tmp_path: Path) -> None:
    documents = [np.array([START, 5, END], np.uint16), np.array([START, END], np.uint16)]
    save_tokens(tmp_path / "tokens.npz", documents)
    assert [document.tolist() for document in load_tokens(tmp_path / "tokens.npz")] == [[1, 5, 0], [1, 0]]


def test_characters_are_counted_and_the_best_ngrams_kept() -> None:
    text = "so it is so it was so it will be "
    tokens = np.array([ord(character) for character in text * 20], np.int64)
    levels = world_ngrams.count_levels(tokens, 256)
    world_ngrams.keep_best(levels, 10**9)
    every = NgramTable(world_ngrams.packed(levels, 256))
    found = followers_of(every, [ord(character) for character in "so it "])
    assert found is not None
    assert [chr(token) for token in found] == ["i", "w"]
    for count, code in zip((20, 40), found.values(), strict=True):
        assert count / 1.5 < code < count * 1.5
    world_ngrams.keep_best(levels, 30)
    assert 15 <= sum(int(level.kept.sum()) for level in levels[1:]) <= 30
    few = NgramTable(world_ngrams.packed(levels, 256))
    assert followers_of(few, [ord("s")]) is not None  # o or a space: never certain, so worth a place


def test_held_out_lines_depend_on_the_line_alone(tmp_path: Path) -> None:
    lines = [f"Satz Nummer {number}." for number in range(500)]
    repository = tmp_path / COMMON_VOICE
    for name in ("sentence-collector.txt", "jf99.txt"):
        folder = repository / "server" / "data" / "de"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join(lines[:: 1 if name == "jf99.txt" else 2]) + "\nx\n", encoding="utf-8")
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "text"],
    ):
        subprocess.run(["git", "-C", repository, *command], check=True)
    training, held_out = read_text(tmp_path, "de")
    assert sorted(training + held_out) == sorted(lines)
    assert 1 <= len(held_out) <= 30
    with pytest.raises(FileNotFoundError, match="clone it"):
        read_text(tmp_path, "fr")
