"""A vocabulary: words and phrases that the recognizer prefers, such as names and jargon.

The beam is biased along a trie of their tokens (contextual biasing; Pundak et al. 2018, arXiv:1808.02480, section 2). A
hypothesis that spells a whole phrase gains `BONUS` for every token, but no more than these tokens cost, and nothing if
it says the phrase right again: that makes up for a phrase that is unlikely, and pays for no repetition. Until the
phrase is whole, the hypothesis only hopes for it.

    vocabulary  Ford Fusion, Ford Focus         ▁Ford --+-- ▁F -- usion
                                                        +-- ▁F -- ocus
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .decoder import LogProbabilities
from .tokenizer import Tokenizer

BONUS, LEAST_BONUS = 2.0, 0.5
"""In nats, for each token of a preferred phrase: in a small vocabulary, and in the largest."""
SMALL_VOCABULARY, BONUS_FALL = 50, 0.3
"""In a larger vocabulary than this, each phrase is less likely, and more phrases sound like the speech: the bonus
falls by `BONUS_FALL` for each factor of e. Of 48 names misread in 30 recordings, 5 are right without a vocabulary, 29
with 48 words at 2.0, and with 548 words 20 at 0.85 and 26 at 1.3."""


def bonus_for(size: int) -> float:
    """Return the bonus for each token in a vocabulary of `size` phrases.

    Example:
        >>> bonus_for(5), round(bonus_for(500), 2), bonus_for(10_000)
        (2.0, 1.31, 0.5)
    """
    return max(LEAST_BONUS, BONUS - BONUS_FALL * math.log(max(1.0, size / SMALL_VOCABULARY)))


@dataclass(slots=True)
class TrieNode:
    """A node of the trie: the beginning of a phrase."""

    children: dict[int, TrieNode] = field(default_factory=dict[int, "TrieNode"])
    """Next token of a phrase -> the node after it."""
    complete: bool = False
    """Whether this is a whole phrase."""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a hypothesis in the vocabulary."""

    node: TrieNode
    """The node that its last tokens lead to."""
    bonus: float = 0.0
    """The bonus for these tokens; it counts once the phrase is complete."""
    cost: float = 0.0
    """Their negative log-probability, the most that the bonus may be."""
    said: TrieNode | None = field(default=None, compare=False)
    """The end of the phrase that was said just before, if no other word followed: it gains nothing right again."""

    @property
    def gained(self) -> float:
        """What the phrase gains when it is complete."""
        return 0.0 if self.node is self.said else min(self.bonus, self.cost)


START = Place(TrieNode())
"""Between phrases, where every hypothesis starts."""


class PhraseBias:
    """A vocabulary as a bias on the next token of each hypothesis."""

    def __init__(self, phrases: Sequence[str], tokenizer: Tokenizer, bonus: float | None = None) -> None:
        """Build the trie.

        Args:
            phrases: words and phrases as they are to be written; at the start of a sentence with a capital, too.
            tokenizer: of the model.
            bonus: for each token; that of `bonus_for` if None.
        """
        self._root = TrieNode()
        self._bonus = bonus_for(len(phrases)) if bonus is None else bonus
        self._tokenizer = tokenizer
        for phrase in filter(str.strip, phrases):
            for spelling in {phrase, phrase[:1].upper() + phrase[1:]}:
                node = self._root
                for token in tokenizer.encode(spelling):
                    node = node.children.setdefault(token, TrieNode())
                node.complete = True
        self._beginnings = list(self._root.children)

    @property
    def is_empty(self) -> bool:
        """Whether there is no phrase to prefer."""
        return not self._beginnings

    def completed_by(self, place: Place) -> npt.NDArray[np.bool_]:
        """Return which tokens complete the phrase at a place, since they do not continue its last word: bool [V].

        "Fordham" is not "Ford".
        """
        return ~self._tokenizer.within_word & place.node.complete

    def add_earned(self, place: Place, scores: LogProbabilities) -> None:
        """Add the bonus of a complete phrase to each token that completes it: [V]."""
        if place.node.complete:
            scores[self.completed_by(place)] += place.gained

    def add_hoped(self, place: Place, log_probabilities: LogProbabilities, scores: LogProbabilities) -> None:
        """Add, to each token that begins or continues a phrase, the bonus that the phrase would then have: [V].

        Args:
            place: of the hypothesis.
            log_probabilities: of the tokens.
            scores: with what the hypothesis has earned.
        """
        continued = {token: float(scores[token]) for token in place.node.children}
        scores[self._beginnings] += np.minimum(self._bonus, -log_probabilities[self._beginnings])
        for token, score in continued.items():
            scores[token] = score + self.follow(place, token, float(log_probabilities[token])).gained

    def follow(self, place: Place, token: int, log_probability: float) -> Place:
        """Return the place of a hypothesis after another token."""
        node, bonus, cost, said = place.node, place.bonus, place.cost, place.said
        if node.complete and not self._tokenizer.within_word[token]:
            bonus, cost, said = 0.0, 0.0, node  # the phrase is complete, and its bonus is kept
        if token in node.children:
            return Place(node.children[token], bonus + self._bonus, cost - log_probability, said)
        if token in self._root.children:
            return Place(self._root.children[token], self._bonus, -log_probability, said)
        return START if self._tokenizer.has_words([token]) else Place(START.node, said=said)
