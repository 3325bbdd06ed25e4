"""Beam search: the likeliest readings of a sound, several hypotheses at a time.

Greedy decoding takes the likeliest token at each step and cannot come back: over noise one wrong word often ends the
sentence or loses its rest. A beam keeps the likeliest hypotheses of one length and runs them as one batch.

    read -0.3 | the -0.9 | letter  -2.4 | ...
              | a   -1.6 | ledger  -2.1 | of -2.2 ...       less likely at first, likelier in the end
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from .decoder import END_TOKEN, Decoder, LogProbabilities, Reading, Sound, State
from .vocabulary import START, PhraseBias, Place

MARGIN = 4.0
"""In nats: a hypothesis this much less likely than the likeliest one is dropped, so most steps run a small batch."""
END_MARGIN = 3.0
"""In nats: how much less likely than the best reading that ended a hypothesis may be. A score never rises again, and a
reading that is 20 times less likely than another has no say in the choice."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A reading and its score."""

    reading: Reading
    score: float
    """Its log-probability, plus the bonus of each complete phrase of the vocabulary in it."""
    place: Place = START
    """Its place in the vocabulary."""
    hopes: bool = field(default=False, compare=False)
    """Whether it is followed only because a phrase of the vocabulary may become complete."""

    @property
    def confidence(self) -> float:
        """Mean probability of the tokens, in [0, 1], including the bonus of the vocabulary."""
        earned = self.score - self.reading.log_probability
        return min(1.0, self.reading.confidence * math.exp(earned / max(1, len(self.reading.log_probabilities))))


def search(
    decoder: Decoder, sounds: Sequence[Sound], width: int, most: int, phrases: PhraseBias, margin: float = MARGIN
) -> list[Hypothesis]:
    """Return the best readings that end, best first; none if the best one does not end, as in a loop.

    Of several sounds of the same speech, the mean of the log-probabilities counts: what only one of them suggests
    seldom wins.

    Args:
        decoder: runs the network.
        sounds: what `decoder.encode` returned, at least one.
        width: number of hypotheses, and of further ones that are inside of a phrase of the vocabulary.
        most: largest number of tokens in a reading.
        phrases: the vocabulary to prefer.
        margin: see `MARGIN`.
    """
    begun = [decoder.begin(sound) for sound in sounds]
    log_probabilities, states = _mean([each for each, _ in begun]), [state for _, state in begun]
    live, ended = [Hypothesis(Reading(), 0.0)], list[Hypothesis]()
    for _ in range(most):
        least = max((hypothesis.score for hypothesis in ended), default=-np.inf) - END_MARGIN
        likely, hoped = _continuations(live, log_probabilities, phrases, width, least, margin)
        ended += [hypothesis for _, hypothesis in likely if hypothesis.reading.ended]
        going = [pair for pair in likely if not pair[1].reading.ended][:width]
        going += [pair for pair in hoped if pair not in going]
        live = [hypothesis for _, hypothesis in going]
        if not live:
            break
        stepped = [_step(decoder, state, going) for state in states]
        log_probabilities, states = _mean([each for each, _ in stepped]), [state for _, state in stepped]
    ended.sort(key=lambda hypothesis: -hypothesis.score)
    unended = [hypothesis for hypothesis in live if not hypothesis.hopes]
    return [] if unended and (not ended or ended[0].score < unended[0].score) else ended


Continuations = list[tuple[int, Hypothesis]]
"""Hypotheses with one token more, each with the row of the hypothesis that it continues."""


def _step(decoder: Decoder, state: State, going: Continuations) -> tuple[LogProbabilities, State]:
    """Return the log-probabilities of what follows each hypothesis, and the state after it.

    What is followed only for the vocabulary runs by itself: the rows of a batch share the scale of their 8-bit
    activations, so a row more would change the rounding of all others.
    """
    kinds = [[pair for pair in going if pair[1].hopes is hopes] for hopes in (False, True)]
    stepped = [
        decoder.next(state, [hypothesis.reading.tokens[-1] for _, hypothesis in kind], [row for row, _ in kind])
        for kind in kinds
        if kind
    ]
    if len(stepped) == 1:
        return stepped[0]
    (certain, after), (hopeful, beside) = stepped
    return np.concatenate([certain, hopeful]), after.joined(beside)


def _continuations(
    live: list[Hypothesis],
    log_probabilities: LogProbabilities,
    phrases: PhraseBias,
    width: int,
    least: float,
    margin: float,
) -> tuple[Continuations, Continuations]:
    """Return the best continuations by one token, best first, and the best ones inside of a phrase.

    The latter have places of their own. Most phrases that begin are not completed, but would crowd out all others. A
    hypothesis that only such a place keeps alive ends with the phrase unless it is completed, so that a vocabulary of
    which nothing is said changes no words.

    Args:
        live: the hypotheses so far.
        log_probabilities: [B, V], of their next tokens.
        phrases: the vocabulary to prefer.
        width: how many of each kind to return; of the best, twice as many, since some of them end.
        least: the lowest score.
        margin: how much worse than the best of them they may be.
    """
    scores = log_probabilities + np.array([[hypothesis.score] for hypothesis in live], np.float32)
    hopeful = [row for row, hypothesis in enumerate(live) if hypothesis.hopes]
    for row, hypothesis in enumerate(live):
        phrases.add_earned(hypothesis.place, scores[row])
    certain = scores.copy() if hopeful else scores
    for row in hopeful:
        certain[row, ~phrases.completed_by(live[row].place)] = -np.inf
    least = max(least, float(certain.max()) - margin)

    def best(values: LogProbabilities, count: int, hopes: bool = False) -> Continuations:
        rows, tokens = np.divmod(np.flatnonzero(values > least), values.shape[1])
        found: Continuations = []
        for index in np.argsort(-values[rows, tokens], kind="stable")[:count]:
            row, token = int(rows[index]), int(tokens[index])
            added, score = float(log_probabilities[row, token]), float(scores[row, token])
            found.append((row, _continued(live[row], token, added, score, phrases, hopes)))
        return found

    likely = best(certain, 2 * width)
    if phrases.is_empty:
        return likely, []
    hopes = scores.copy()
    for row, hypothesis in enumerate(live):
        phrases.add_hoped(hypothesis.place, log_probabilities[row], hopes[row])
    hopes[hopes == scores] = -np.inf
    return likely, best(hopes, width, hopes=True)


def _continued(
    before: Hypothesis, token: int, log_probability: float, score: float, phrases: PhraseBias, hopes: bool
) -> Hypothesis:
    reading = before.reading
    tokens = reading.tokens if token == END_TOKEN else [*reading.tokens, token]
    log_probabilities = [*reading.log_probabilities, log_probability]
    place = phrases.follow(before.place, token, log_probability)
    return Hypothesis(Reading(tokens, log_probabilities), score, place, hopes)


def _mean(each: Sequence[LogProbabilities]) -> LogProbabilities:
    """Return the mean log-probabilities of the tokens: [B, V] of each sound -> [B, V]."""
    return each[0] if len(each) == 1 else reduce(np.add, each) / np.float32(len(each))
