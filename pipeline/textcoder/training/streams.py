"""Windows of training text: documents side by side in columns, each read from start to end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..phrases import phrase_rows
from ..tokens import END, START

LINE_START_SHARE = 0.03  # share of lines that start a conversation: a single line must be coded well, too


@dataclass(frozen=True, slots=True)
class Window:
    """The text of one step."""

    tokens: NDArray[np.int64]
    """[time + 1, columns]; all but the last are inputs, all but the first are targets."""
    phrases: NDArray[np.int64]
    """[time, columns], the row of the phrase that each input ends."""


class Streams:
    """Endless windows over shuffled documents; a window starts where the one before ended.

    The first document of each column is drawn by its length and cut at a random place. So the first windows are like
    all later ones, and a training that is often restarted sees long documents as often as an uninterrupted one.
    """

    def __init__(
        self,
        documents: list[NDArray[np.int64]],
        weights: NDArray[np.float64],
        keys: NDArray[np.uint64],
        columns: int,
        time: int,
        seed: tuple[int, int],
    ) -> None:
        self._documents, self._weights, self._keys = documents, weights, keys
        self._time = time
        self._rng = np.random.default_rng(seed)
        self._queue: list[int] = []
        tokens = weights * [len(document) for document in documents]
        firsts: list[int] = self._rng.choice(len(documents), columns, p=tokens / tokens.sum()).tolist()
        self._rest = [self._cut(self._prepared(documents[first])) for first in firsts]

    def next(self) -> Window:
        """Return the next window."""
        windows: list[NDArray[np.int64]] = []
        for column, rest in enumerate(self._rest):
            while rest.shape[1] < self._time + 1:
                rest = np.concatenate((rest, self._document()), axis=1)
            windows.append(rest[:, : self._time + 1])
            self._rest[column] = rest[:, self._time :]
        both = np.stack(windows, axis=2)
        return Window(both[0], both[1, :-1])

    def _document(self) -> NDArray[np.int64]:
        if not self._queue:
            times = np.floor(self._weights + self._rng.random(len(self._weights))).astype(np.int64)
            self._queue = self._rng.permutation(np.repeat(np.arange(len(times)), times)).tolist()
        return self._prepared(self._documents[self._queue.pop()])

    def _prepared(self, document: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return [2, tokens]: the document's tokens, some lines after a `START`, and the phrase that each ends."""
        ends = np.flatnonzero(document == END)[:-1]
        cuts = ends[self._rng.random(len(ends)) < LINE_START_SHARE] + 1
        tokens = np.insert(document, cuts, START)
        return np.stack((tokens, phrase_rows(tokens, self._keys)))

    def _cut(self, document: NDArray[np.int64]) -> NDArray[np.int64]:
        return document[:, self._rng.integers(document.shape[1]) :]


def load_tokens(path: Path) -> list[NDArray[np.int64]]:
    """Return the tokens of each document in a file of `save_tokens`."""
    with np.load(path) as archive:
        tokens, lengths = archive["tokens"].astype(np.int64), archive["lengths"]
    return np.split(tokens, np.cumsum(lengths)[:-1])


def save_tokens(path: Path, documents: list[NDArray[np.uint16]]) -> None:
    """Write the tokens of each document."""
    np.savez(path, tokens=np.concatenate(documents), lengths=np.array([len(document) for document in documents]))
