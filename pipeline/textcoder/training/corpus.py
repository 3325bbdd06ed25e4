"""The training text: its documents, the vocabulary counted on it, and its tokens."""

from __future__ import annotations

import collections
import hashlib
import heapq
import lzma
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..tokens import FIRST_PIECE, START, WORD, Vocabulary, fold

VALIDATION_SHARE = 150  # one document in 150 validates: about 320 kB
MINIMUM_CHARACTER_COUNT = 50  # rarer characters are spelled as bytes


def read_documents(path: Path) -> list[list[str]]:
    """Return the documents of a training text (`.xz`; a blank line between documents), each a list of lines."""
    documents: list[list[str]] = []
    lines: list[str] = []
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as stream:
        for line in stream:
            line = line.rstrip("\n")
            if line:
                lines.append(line)
            elif lines:
                documents.append(lines)
                lines = []
    if lines:
        documents.append(lines)
    return documents


def split_documents(documents: list[list[str]]) -> tuple[list[list[str]], list[list[str]]]:
    """Return (training, validation) documents, split by a hash of their first lines."""
    training: list[list[str]] = []
    validation: list[list[str]] = []
    for document in documents:
        digest = hashlib.sha256("\n".join(document[:3]).encode("utf-8")).digest()
        chosen = int.from_bytes(digest[:4], "little") % VALIDATION_SHARE == 0
        (validation if chosen else training).append(document)
    return training, validation


def count_vocabulary(documents: list[list[str]], size: int) -> Vocabulary:
    """Return the vocabulary of `size` tokens that byte-pair merging finds in the documents."""
    words: collections.Counter[str] = collections.Counter()
    for document in documents:
        for line in document:
            words.update(WORD.findall(fold(line)))
    characters: collections.Counter[str] = collections.Counter()
    for word, count in words.items():
        for char in word:
            characters[char] += count
    base = [char for char, count in characters.most_common() if count >= MINIMUM_CHARACTER_COUNT]
    return Vocabulary(base + _merge_pairs(words, set(base), size - FIRST_PIECE - len(base)))


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A pair of neighbors in the heap: the most frequent first; of equally frequent ones, the later in the alphabet."""

    count: int
    pair: tuple[str, str]

    def __lt__(self, other: _Candidate) -> bool:
        return (self.count, self.pair) > (other.count, other.pair)


def _merge_pairs(words: collections.Counter[str], base: set[str], wanted: int) -> list[str]:
    """Return `wanted` merged pieces, or fewer if nothing is left to merge.

    Again and again the most frequent pair of neighbors becomes a piece.
    """
    spelled = [list(word) for word in words if set(word) <= base]
    counts = [words["".join(symbols)] for symbols in spelled]
    pairs: collections.Counter[tuple[str, str]] = collections.Counter()
    where: dict[tuple[str, str], set[int]] = collections.defaultdict(set)
    for index, symbols in enumerate(spelled):
        for pair in pairwise(symbols):
            pairs[pair] += counts[index]
            where[pair].add(index)
    merged: list[str] = []
    known = set(base)
    heap = [_Candidate(count, pair) for pair, count in pairs.items()]
    heapq.heapify(heap)
    while heap and len(merged) < wanted:
        candidate = heapq.heappop(heap)
        best = candidate.pair
        if pairs[best] != candidate.count:  # it has changed since; its new count is in the heap too
            continue
        piece = best[0] + best[1]
        if piece not in known:
            merged.append(piece)
            known.add(piece)
        changed: set[tuple[str, str]] = set()
        for index in where.pop(best):
            symbols = spelled[index]
            for pair in pairwise(symbols):
                pairs[pair] -= counts[index]
                changed.add(pair)
            joined: list[str] = []
            for symbol in symbols:
                if joined and joined[-1] == best[0] and symbol == best[1]:
                    joined[-1] = piece
                else:
                    joined.append(symbol)
            spelled[index] = joined
            for pair in pairwise(joined):
                pairs[pair] += counts[index]
                where[pair].add(index)
                changed.add(pair)
        for pair in changed:
            if pairs[pair] > 0:
                heapq.heappush(heap, _Candidate(pairs[pair], pair))
    return merged


def encode_documents(vocabulary: Vocabulary, documents: list[list[str]]) -> list[NDArray[np.uint16]]:
    """Return the tokens of every document: START, then its utterances, each with END after it."""
    encoded: list[NDArray[np.uint16]] = []
    for document in documents:
        ids = [START]
        for line in document:
            ids += vocabulary.encode(line)
        encoded.append(np.array(ids, np.uint16))
    return encoded
