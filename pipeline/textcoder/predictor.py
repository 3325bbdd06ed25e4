"""The next token's odds: the network, then continuations in the training text, then those in this conversation.

The network's distribution is the base. Every known context of the last few tokens (first in the n-gram table,
shortest first, then in the conversation so far) pulls the mixture toward its continuations:

    p  <-  (1 - share) p  +  share * count / total

The share of a context depends on its length, total and number of followers. The shipped shares were fitted on the
validation text; with every token, each moves a little toward the share that would have been right. All of it is
integer arithmetic: p is kept as whole numbers with a known total.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..protocols import Interval
from .fixedpoint import EXP2_BITS, LOG_BITS, Int64Array
from .network import Network
from .ngrams import FEW, Crowd, NgramTable
from .tokens import END, START

DYNAMIC_CONTEXTS = 4
"""Longest context in the conversation so far, in tokens."""
TOTAL_BUCKETS, FOLLOWER_BUCKETS = 48, 8
SHARE_BITS = 22
"""Shares are in steps of 2^-22."""
SHARE_RATE_BITS = 6
"""A share moves 1/64 of the way to its optimum for the token."""
SHARE_FLOOR, SHARE_CEILING = 1 << (SHARE_BITS - 12), (15 << SHARE_BITS) // 16

_TAIL_BITS = 8  # powers of two are kept to 2^-22: anything rarer, relative to the best token, counts as zero
_CROWDED_BITS = 44  # mixing makes the total grow; from 2^44 on it is scaled down, so that no product reaches 2^63
_CROWDED_SHIFT = 12
FREQUENCY_BITS = 28
BIAS_BITS = 20
"""The adaptive bias is in steps of 2^-20 of a base-2 logarithm."""
BIAS_RATE = 209_715  # 0.2: one surprise raises its token's odds by up to 2^0.2


@dataclass(slots=True)
class Odds:
    """The next token's odds in whole numbers."""

    ends: Int64Array
    """Where the interval of each token ends: the sum of its frequency, at least 1, and those of all tokens before it.
    The predictor overwrites them with its next prediction."""
    total: int
    """The sum of all frequencies, below 2^30."""

    def interval(self, token: int) -> Interval:
        """Return (start, frequency, total) of a token."""
        start = int(self.ends[token - 1]) if token else 0
        return start, int(self.ends[token]) - start, self.total

    def token_at(self, target: int) -> int:
        """Return the token that owns `target`."""
        return int(self.ends.searchsorted(target, side="right"))


class Model:
    """The parts that are loaded once: the base (a network, or fixed logits), the n-gram table and the shares."""

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        with ThreadPoolExecutor(1) as thread:  # each of the two takes about 25 ms
            ngrams = thread.submit(NgramTable, arrays)
            self.network = FixedLogits(arrays) if "logits" in arrays else Network(arrays)
            self.ngrams = ngrams.result()
        self.odds = _odds_table(arrays["exp2"].astype(np.int64))
        self.shares = [arrays[f"shares.{table}"].ravel().tolist() for table in ("static", "dynamic")]

    def start(self) -> Predictor:
        """Return the predictor of a conversation's first token."""
        return Predictor(self)

    def bits(self, texts: Sequence[Sequence[int]]) -> list[float]:
        """Return the bits of the tokens of each text, at the start of a conversation.

        What several of them begin with is read once.

        Args:
            texts: one or more, that end with `END`.
        """
        bits = [0.0] * len(texts)
        branches: list[tuple[Predictor, int, Sequence[int]]] = [(self.start(), 0, range(len(texts)))]
        while branches:
            predictor, at, alike = branches.pop()  # texts with the same `at` first tokens
            end = at + _common_length([texts[index][at:] for index in alike])
            tokens = texts[alike[0]][at:end]
            if tokens:
                taken = sum(math.log2(total / frequency) for _, frequency, total in predictor.intervals(tokens))
                for index in alike:
                    bits[index] += taken
                if tokens[-1] == END:
                    continue
                predictor.update(tokens[-1])
            following: dict[int, list[int]] = {}
            for index in alike:
                following.setdefault(texts[index][end], []).append(index)
            forks = [predictor.fork() for _ in range(len(following) - 1)]
            branches += [
                (fork, end, group) for fork, group in zip((*forks, predictor), following.values(), strict=True)
            ]
        return bits


def _common_length(sequences: Sequence[Sequence[int]]) -> int:
    """Return how many first tokens all of the sequences have in common."""
    shortest = min(map(len, sequences))
    return next((at for at in range(shortest) if len({each[at] for each in sequences}) > 1), shortest)


def _odds_table(exp2: Int64Array) -> Int64Array:
    """Return the odds of a token by how far its logit lies below the best one's; the last entry, 0, stands for farther.

    exp2: 2^30 to the power of 0 to -1023/1024, [1024].
    """
    octaves = range(_TAIL_BITS, EXP2_BITS + 1)
    return np.concatenate([*(exp2 >> octave for octave in octaves), np.zeros(1, np.int64)])


class FixedLogits:
    """A base without a network: constant odds of each token, independent of the context."""

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self._logits = arrays["logits"].astype(np.int64)
        self.vocabulary = len(self._logits)

    def start(self) -> FixedLogits:
        """Return what has no state."""
        return self

    def step(self, token: int) -> Int64Array:
        """Return the logits of all tokens, in steps of 2^-10 of a base-2 logarithm: always the same."""
        return self._logits

    def fork(self) -> FixedLogits:
        """Return what has no state."""
        return self


class _Pull(NamedTuple):
    """The contribution of one context to the mixture."""

    table: int
    """0: the n-gram table; 1: the conversation so far."""
    slot: int
    """Index of the context's share in the table's shares."""
    times: Callable[[int, int], int]
    """How often a token followed the context, or the second argument."""
    unit: int
    """What a follower gained for each time."""
    shift: int
    """Bits by which the mixture was scaled down afterwards."""


class Predictor:
    """One conversation: `predict` the next token, then `update` with the actual one.

    All arrays of the vocabulary's length are allocated once: a fresh one costs more time than what is computed in it.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._network = model.network.start()
        self.shares = [list(shares) for shares in model.shares]
        self._history: tuple[int, ...] = ()
        self._contexts: list[tuple[int, ...]] = []
        self._nodes: list[int] = []
        self._followers: dict[tuple[int, ...], dict[int, int]] = {}
        self._added: dict[int, int] = {}  # what contexts with few followers add to the mixture, until all have
        self._pulls: list[_Pull] = []
        self._bias = np.zeros(model.network.vocabulary, np.int64)
        self._make_room()
        self._move_on(START)

    def predict(self) -> Odds:
        """Return the odds of the next token."""
        self._base_total = self._total = self._predict_base()
        np.copyto(self._mixed, self._base)
        self._pulls.clear()
        self._pull_static()
        self._pull_dynamic()
        self._add_few()
        np.right_shift(self._mixed, max(0, self._total.bit_length() - FREQUENCY_BITS), out=self._scratch)
        self._scratch += 1
        np.add.accumulate(self._scratch, out=self._ends)
        return Odds(self._ends, int(self._ends[-1]))

    def _predict_base(self) -> int:
        """Compute what the network and the adaptive bias say, `_base`; return its sum."""
        below = self._scratch
        np.right_shift(self._bias, BIAS_BITS - LOG_BITS, out=below)
        below += self._logits
        np.subtract(np.maximum.reduce(below), below, out=below)
        self._model.odds.take(below, out=self._base, mode="clip")
        return int(np.add.reduce(self._base))

    def fork(self) -> Predictor:
        """Return an independent copy in the same state; only before `predict`."""
        other = copy.copy(self)
        other._network, other._logits = self._network.fork(), self._logits.copy()
        other.shares = [list(shares) for shares in self.shares]
        other._added = {}
        other._followers = {context: dict(followers) for context, followers in self._followers.items()}
        other._pulls = []
        other._bias = self._bias.copy()
        other._make_room()
        return other

    def _make_room(self) -> None:
        self._base, self._mixed, self._ends, self._scratch = (np.empty_like(self._bias) for _ in range(4))

    def wishes(self, token: int) -> Iterator[tuple[int, int, int]]:
        """Yield (table, slot, share) for every context used, with the optimal share if `token` is next.

        The share is the part of the token's odds from the context (one step of expectation maximization).
        """
        odds = int(self._base[token])
        for table, slot, times, unit, shift in self._pulls:
            added = unit * times(token, 0)
            odds += added
            if odds:
                yield table, slot, (added << SHARE_BITS) // odds
            odds >>= shift

    def update(self, token: int) -> None:
        """Learn the predicted token, and advance."""
        for table, slot, wish in self.wishes(token):
            share = self.shares[table][slot]
            share += (wish - share) >> SHARE_RATE_BITS
            self.shares[table][slot] = min(max(share, SHARE_FLOOR), SHARE_CEILING)
        np.multiply(self._base, BIAS_RATE, out=self._scratch)
        self._scratch //= self._base_total
        self._bias -= self._scratch
        self._bias[token] += BIAS_RATE
        for context in self._contexts:
            followers = self._followers.setdefault(context, {})
            followers[token] = followers.get(token, 0) + 1
        self._move_on(token)

    def intervals(self, tokens: Sequence[int]) -> list[Interval]:
        """Return the interval of each token after those before it; advance by all but the last one."""
        found = [self.predict().interval(tokens[0])]
        for before, token in pairwise(tokens):
            self.update(before)
            found.append(self.predict().interval(token))
        return found

    def _move_on(self, token: int) -> None:
        self._history = (*self._history, token)[-DYNAMIC_CONTEXTS:]
        self._contexts = [self._history[start:] for start in range(len(self._history) - 1, -1, -1)]
        self._nodes = self._model.ngrams.extended(self._nodes, token)
        self._logits = self._network.step(token)

    def _pull_static(self) -> None:
        for length, node in enumerate(self._nodes, 1):
            known = self._model.ngrams.followers(length, node)
            if known is None:
                break
            counts, total = known
            self._pull(0, static_slot(length, total, len(counts)), counts, total)

    def _pull_dynamic(self) -> None:
        for length, context in enumerate(self._contexts, 1):
            counts = self._followers.get(context)
            if counts is None:
                break
            total = sum(counts.values())
            self._pull(1, dynamic_slot(length, total, len(counts)), counts, total)

    def _pull(self, table: int, slot: int, counts: dict[int, int] | Crowd, total: int) -> None:
        share = self.shares[table][slot]
        # (1 - share) p + share q, all of it times 1 / (1 - share): so only the followers need to be touched
        unit = self._total * share // ((1 << SHARE_BITS) - share) // total
        if isinstance(counts, Crowd):
            self._mixed[counts.tokens] += unit * counts.counts
        elif len(counts) > FEW:
            tokens, times = _arrays(counts)
            self._mixed[tokens] += unit * times
        else:
            added = self._added
            for token, count in counts.items():
                added[token] = added.get(token, 0) + unit * count
        self._total += unit * total
        shift = 0
        if self._total >> _CROWDED_BITS:
            self._add_few()
            shift = _CROWDED_SHIFT
            self._mixed >>= shift
            self._total = int(self._mixed.sum())
        self._pulls.append(_Pull(table, slot, counts.get, unit, shift))

    def _add_few(self) -> None:
        """Add to the mixture what waits in `_added`."""
        if self._added:
            tokens, added = _arrays(self._added)
            self._mixed[tokens] += added
            self._added.clear()


def _arrays(numbers: Mapping[int, int]) -> tuple[NDArray[np.intp], Int64Array]:
    """Return the keys and the values."""
    count = len(numbers)
    return np.fromiter(numbers.keys(), np.intp, count), np.fromiter(numbers.values(), np.int64, count)


def static_slot(length: int, total: int, followers: int) -> int:
    """Return the index of the share of a context in the n-gram table. Totals fall into buckets half an octave wide."""
    octave = total.bit_length()
    half = total >> (octave - 2) & 1 if octave > 1 else 0
    bucket = min(2 * octave + half, TOTAL_BUCKETS - 1)
    crowd = min(followers.bit_length(), FOLLOWER_BUCKETS - 1)
    return ((length - 1) * TOTAL_BUCKETS + bucket) * FOLLOWER_BUCKETS + crowd


def dynamic_slot(length: int, total: int, followers: int) -> int:
    """Return the index of the share of a context in the conversation so far."""
    bucket = min(total, TOTAL_BUCKETS - 1)
    crowd = min(followers, FOLLOWER_BUCKETS - 1)
    return ((length - 1) * TOTAL_BUCKETS + bucket) * FOLLOWER_BUCKETS + crowd
