"""Words that are right *and* given to the right speaker: the cpWER.

    cpWER = least (errors of each reference speaker's words against those of the speaker it is paired with) / words

The words of each speaker are joined in the order of time; the speakers of the hypothesis are paired with those of the
reference so that the errors are fewest, and the words of a speaker without a partner are all errors (concatenated
minimum-permutation word error rate; Watanabe et al. 2020, CHiME-6). It is at least the word error rate of a perfect
attribution; what lies above that was given to the wrong person.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np

from .diarization import best_pairs
from .wer import WordErrors, normalize, word_errors

SpokenWords = Iterable[tuple[Hashable, str]]
"""Speaker and words of each turn, in the order of time; one speaker may have many."""


def attributed_word_errors(reference: SpokenWords, hypothesis: SpokenWords) -> WordErrors:
    """Count the word errors under the best pairing of speakers, normalized.

    Example:
        >>> said = [("Anna", "good morning"), ("Ben", "hello there"), ("Anna", "how are you")]
        >>> attributed_word_errors(said, [(0, "good morning"), (1, "hello there how"), (0, "are you")]).errors
        2
    """
    said, heard = list(_by_speaker(reference).values()), list(_by_speaker(hypothesis).values())
    size = max(len(said), len(heard))
    said += [""] * (size - len(said))  # a speaker whom nobody was taken for
    heard += [""] * (size - len(heard))
    table = [[_errors(one, other) for other in heard] for one in said]
    if not table:
        return WordErrors(0, 0, 0, 0)
    counts = np.array([[cell.errors for cell in row] for row in table], np.float64)
    rows, columns = best_pairs(counts.max() - counts)
    chosen = [table[int(row)][int(column)] for row, column in zip(rows, columns, strict=True)]
    return WordErrors(
        sum(one.hits for one in chosen),
        sum(one.substitutions for one in chosen),
        sum(one.deletions for one in chosen),
        sum(one.insertions for one in chosen),
    )


def _by_speaker(turns: SpokenWords) -> dict[Hashable, str]:
    """Return the words of each speaker who says any."""
    texts: dict[Hashable, list[str]] = {}
    for speaker, words in turns:
        if normalize(words):
            texts.setdefault(speaker, []).append(words)
    return {speaker: " ".join(parts) for speaker, parts in texts.items()}


def _errors(reference: str, hypothesis: str) -> WordErrors:
    if not reference:
        return WordErrors(0, 0, 0, len(normalize(hypothesis).split()))
    return word_errors([reference], [hypothesis])
