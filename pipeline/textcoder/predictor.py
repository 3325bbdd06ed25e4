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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .fixedpoint import LOG_BITS, LOG_FRACTION, Int64Array
from .network import Network, NetworkState
from .ngrams import NgramTable
from .tokens import START

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


@dataclass(frozen=True, slots=True)
class Odds:
    """The next token's odds in whole numbers."""

    frequencies: Int64Array
    """Frequency of every token, at least 1; the predictor overwrites them with its next prediction."""
    total: int
    """Their sum, below 2^30."""


class Model:
    """The parts that are loaded once: the base (a network, or fixed logits), the n-gram table and the shares."""

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self.network = FixedLogits(arrays) if "logits" in arrays else Network(arrays)
        self.ngrams = NgramTable(arrays)
        self.exp2 = arrays["exp2"].astype(np.int64)
        self.shares = [arrays[f"shares.{table}"].ravel().tolist() for table in ("static", "dynamic")]


class FixedLogits:
    """A base without a network: constant odds of each token, independent of the context."""

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self._logits = arrays["logits"].astype(np.int64)
        self.vocabulary = len(self._logits)

    def initial_state(self) -> NetworkState:
        """Return the state before the first token: nothing."""
        return NetworkState({})

    def step(self, state: NetworkState, token: int) -> Int64Array:
        """Return the logits of all tokens, in steps of 2^-10 of a base-2 logarithm: always the same."""
        return self._logits


class _Pull(NamedTuple):
    """The contribution of one context to the mixture."""

    table: int
    """0: the n-gram table; 1: the conversation so far."""
    slot: int
    """Index of the context's share in the table's shares."""
    times: Callable[[int], int]
    """How often a token followed the context."""
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
        self._state = model.network.initial_state()
        self.shares = [list(shares) for shares in model.shares]
        self._history: list[int] = []
        self._nodes: list[int] = []
        self._followers: dict[tuple[int, ...], dict[int, int]] = {}
        self._pulls: list[_Pull] = []
        self._bias = np.zeros(model.network.vocabulary, np.int64)
        self._base, self._mixed, self._frequencies, self._scratch = (np.empty_like(self._bias) for _ in range(4))
        self._move_on(START)

    def predict(self) -> Odds:
        """Return the odds of the next token."""
        self._base_total = self._total = self._predict_base()
        np.copyto(self._mixed, self._base)
        self._pulls.clear()
        self._pull_static()
        self._pull_dynamic()
        np.right_shift(self._mixed, max(0, self._total.bit_length() - FREQUENCY_BITS), out=self._frequencies)
        self._frequencies += 1
        return Odds(self._frequencies, int(self._frequencies.sum()))

    def _predict_base(self) -> int:
        """Compute what the network and the adaptive bias say, `_base`; return its sum."""
        base, below = self._base, self._scratch
        np.right_shift(self._bias, BIAS_BITS - LOG_BITS, out=below)
        below += self._logits
        np.subtract(below.max(), below, out=below)
        self._model.exp2.take(below & (LOG_FRACTION - 1), out=base, mode="clip")
        below >>= LOG_BITS
        below += _TAIL_BITS
        np.minimum(below, 62, out=below)
        base >>= below
        return int(base.sum())

    def fork(self) -> Predictor:
        """Return an independent copy in the same state; only before `predict`."""
        other = copy.copy(self)
        other._state = replace(self._state)
        other.shares = [list(shares) for shares in self.shares]
        other._history = list(self._history)
        other._followers = {context: dict(followers) for context, followers in self._followers.items()}
        other._pulls = []
        other._bias = self._bias.copy()
        other._base, other._mixed, other._frequencies, other._scratch = (np.empty_like(self._bias) for _ in range(4))
        return other

    def wishes(self, token: int) -> list[tuple[int, int, int]]:
        """Return (table, slot, share) for every context used, with the optimal share if `token` is next.

        The share is the part of the token's odds from the context (one step of expectation maximization).
        """
        wishes: list[tuple[int, int, int]] = []
        odds = int(self._base[token])
        for table, slot, times, unit, shift in self._pulls:
            added = unit * times(token)
            odds += added
            if odds:
                wishes.append((table, slot, (added << SHARE_BITS) // odds))
            odds >>= shift
        return wishes

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
        for length in range(1, min(DYNAMIC_CONTEXTS, len(self._history)) + 1):
            followers = self._followers.setdefault(tuple(self._history[-length:]), {})
            followers[token] = followers.get(token, 0) + 1
        self._move_on(token)

    def _move_on(self, token: int) -> None:
        self._history.append(token)
        del self._history[:-DYNAMIC_CONTEXTS]
        self._nodes = self._model.ngrams.extended(self._nodes, token)
        self._logits = self._model.network.step(self._state, token)

    def _pull_static(self) -> None:
        for length, node in enumerate(self._nodes, 1):
            known = self._model.ngrams.followers(length, node)
            if known is None:
                break
            tokens, counts = known
            total = int(counts.sum())
            slot = static_slot(length, total, len(tokens))
            self._pull(0, slot, partial(_times_among, tokens, counts), tokens, counts, total)

    def _pull_dynamic(self) -> None:
        for length in range(1, min(DYNAMIC_CONTEXTS, len(self._history)) + 1):
            known = self._followers.get(tuple(self._history[-length:]))
            if known is None:
                break
            tokens = np.fromiter(known.keys(), np.int64, len(known))
            counts = np.fromiter(known.values(), np.int64, len(known))
            total = sum(known.values())
            self._pull(1, dynamic_slot(length, total, len(known)), partial(_times_in, known), tokens, counts, total)

    def _pull(
        self,
        table: int,
        slot: int,
        times: Callable[[int], int],
        tokens: NDArray[np.integer[Any]],
        counts: Int64Array,
        total: int,
    ) -> None:
        share = self.shares[table][slot]
        # (1 - share) p + share q, all of it times 1 / (1 - share): so only the followers need to be touched
        unit = self._total * share // ((1 << SHARE_BITS) - share) // total
        self._mixed[tokens] += unit * counts
        self._total += unit * total
        shift = 0
        if self._total >> _CROWDED_BITS:
            shift = _CROWDED_SHIFT
            self._mixed >>= shift
            self._total = int(self._mixed.sum())
        self._pulls.append(_Pull(table, slot, times, unit, shift))


def _times_among(tokens: NDArray[np.int16], counts: Int64Array, token: int) -> int:
    """Return how often `token` came, by the counts of increasing tokens."""
    at = int(tokens.searchsorted(token))
    return int(counts[at]) if at < len(tokens) and tokens[at] == token else 0


def _times_in(counts: Mapping[int, int], token: int) -> int:
    """Return how often `token` came."""
    return counts.get(token, 0)


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
