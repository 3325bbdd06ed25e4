"""The choice among several hypotheses of the same speech: one of those with the fewest expected word errors.

The likeliest hypothesis has the best chance to be right as a whole. But words count: a hypothesis whose words are
shared by other likely ones has fewer errors on average. This is minimum Bayes risk decoding (Goel and Byrne 2000,
"Minimum Bayes-risk automatic speech recognition"), with the hypotheses in place of all that might have been said.

Often a few are about as good. Of these the text coder's opinion counts as well: what takes fewer bits is likelier to be
what people say, and is cheaper to send.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

MARKS = ".,;:!?\"'()-\u2026"
"""Punctuation, which is stripped from words before they are compared."""

FEW_WORDS = 8
"""Disagreement in a shorter text counts as if it had this many words: "Please call Stella" and "Please call Stella,
please" do not tell that the words are invented."""

RUN = 3
"""Of a word that is repeated in a row, this many repetitions are compared."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """A text coder's opinion of hypotheses, and how much it counts.

    The numbers of `SMALL` save 1 % of the bits over 1,300 utterances of other speakers than evalset's, half of them in
    noise, and as many words are right. With those of `LARGE` fewer words are wrong; the card of `smollm2-1` has the
    measurements.
    """

    bits: Callable[[Sequence[str]], Sequence[float]]
    """Returns the bits that each of several texts takes."""
    about_as_good: float
    """Expected word errors that a hypothesis may have beyond the fewest."""
    bit_weight: float
    """What a bit is worth in nats of the recognizer."""


SMALL = 0.5, 0.35 * math.log(2)
LARGE = 2.0, 0.6 * math.log(2)
"""`Opinion.about_as_good` and `Opinion.bit_weight` for a coder with a small model, and with a large one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several hypotheses."""

    index: int
    """Its index."""
    agreement: float
    """Share of its words that the hypotheses agree on, in [0, 1], each weighed by its probability; see `FEW_WORDS`."""
    risks: tuple[float, ...] = ()
    """The expected word errors of each hypothesis."""


def least_risk(texts: Sequence[str], scores: Sequence[float]) -> Choice:
    """Return the text with the fewest expected word errors; of texts with equal words, the first.

    Args:
        texts: the hypotheses, likeliest first; at least one.
        scores: their log-probabilities, in any common scale.

    Example:
        >>> texts = ["The letter of kings", "The ledger of things", "The ledger of kings"]
        >>> least_risk(texts, [-1.0, -1.1, -1.2]).index
        2
    """
    peak = max(scores)
    weights = [math.exp(score - peak) for score in scores]
    words = [_words(text) for text in texts]
    weight_of: dict[tuple[str, ...], float] = {}
    for each, weight in zip(words, weights, strict=True):
        weight_of[each] = weight_of.get(each, 0.0) + weight / sum(weights)
    risk_of = {
        each: sum(weight * word_distance(each, other) for other, weight in weight_of.items()) for each in weight_of
    }
    risks = tuple(risk_of[each] for each in words)
    index = risks.index(min(risks))
    return Choice(index, max(0.0, 1 - risks[index] / max(FEW_WORDS, len(words[index]))), risks)


def preferred(choice: Choice, texts: Sequence[str], scores: Sequence[float], opinion: Opinion) -> int:
    """Return the index of the hypothesis that recognizer and text coder together find likeliest.

    Only those compete that are about as good as the chosen one.

    A statement never becomes a question, nor the other way round: how it is spoken depends on that. Names and numbers
    stay, since those of a conversation are seldom likely to a coder.

    Args:
        choice: from `least_risk`.
        texts: the hypotheses.
        scores: as for `least_risk`.
        opinion: of the text coder.

    Example:
        >>> texts = ["I sea it.", "I see it."]
        >>> opinion = Opinion(lambda texts: [30.0, 12.0], *SMALL)
        >>> preferred(least_risk(texts, [-1.0, -1.5]), texts, [-1.0, -1.5], opinion)
        1
    """
    asked, named = _questions(texts[choice.index]), _names(texts[choice.index])
    most = choice.risks[choice.index] + opinion.about_as_good
    rivals = [
        index
        for index, text in enumerate(texts)
        if text and choice.risks[index] <= most and _questions(text) == asked and named <= {*_words(text)}
    ]
    if len(rivals) < 2:
        return choice.index
    bits = dict(zip(rivals, opinion.bits([texts[index] for index in rivals]), strict=True))
    return max(rivals, key=lambda index: scores[index] - opinion.bit_weight * bits[index])


def word_distance(left: Sequence[str], right: Sequence[str]) -> int:
    """Return the fewest substitutions, deletions and insertions between two sequences of words.

    Example:
        >>> word_distance("four fusion cars".split(), "ford fusion".split())
        2
    """
    left, right = _without_common_ends(left, right)
    above = list(range(len(right) + 1))
    for row, word in enumerate(left, 1):
        distances = [row]
        for column, other in enumerate(right, 1):
            distances.append(min(above[column] + 1, distances[-1] + 1, above[column - 1] + (word != other)))
        above = distances
    return above[-1]


def _without_common_ends(left: Sequence[str], right: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    start, shorter = 0, min(len(left), len(right))
    while start < shorter and left[start] == right[start]:
        start += 1
    end = 0
    while end < shorter - start and left[-1 - end] == right[-1 - end]:
        end += 1
    return left[start : len(left) - end], right[start : len(right) - end]


def _questions(text: str) -> list[int]:
    """Return which words have a question mark behind them."""
    return [index for index, word in enumerate(_spoken(text)) if "?" in word]


def _names(text: str) -> set[str]:
    """Return the words, in lower case, that are numbers, abbreviations, or capitalized inside of a sentence."""
    names: set[str] = set()
    begins = True
    for word in text.replace("-", " ").split():
        stripped = word.strip(MARKS)
        is_capitalized = stripped[:1].isupper() and not begins and stripped.partition("'")[0] != "I"
        if is_capitalized or any(map(str.isdigit, stripped)) or (len(stripped) > 1 and stripped.isupper()):
            names.add(stripped.lower())
        begins = word[-1] in ".?!"
    return names


def _spoken(text: str) -> list[str]:
    """Return the words with the marks around them; marks that stand alone are none."""
    return [word for word in text.replace("-", " ").split() if word.strip(MARKS)]


def _words(text: str) -> tuple[str, ...]:
    """Return the words that are compared. The number of repetitions of a word in a row is no disagreement."""
    words = [word.strip(MARKS).lower() for word in _spoken(text)]
    return tuple(word for _, run in groupby(words) for word in islice(run, RUN))
