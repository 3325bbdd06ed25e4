"""Are the words right: word error rate after a stated normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import jiwer
from whisper_normalizer.english import EnglishTextNormalizer


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Word errors of a hypothesis against its reference, over one or many texts."""

    hits: int
    substitutions: int
    deletions: int
    insertions: int

    @property
    def reference_words(self) -> int:
        """Number of words in the reference."""
        return self.hits + self.substitutions + self.deletions

    @property
    def rate(self) -> float:
        """Word error rate: errors over reference words; may exceed 1."""
        errors = self.substitutions + self.deletions + self.insertions
        return errors / self.reference_words if self.reference_words else float(errors > 0)


def normalize(text: str) -> str:
    """Return `text` as words are compared: Whisper's English normaliser.

    It takes away case and punctuation, opens contractions, writes numbers in figures and
    British spellings the American way (Radford et al. 2022, appendix C).

    Example:
        >>> normalize("Mr. Neill isn't grey at twenty-one!")
        'mister neill is not gray at 21'
    """
    return str(_normalizer()(text))


def word_errors(references: Sequence[str], hypotheses: Sequence[str]) -> WordErrors:
    """Count the word errors of each hypothesis against the reference beside it, normalised.

    Example:
        >>> word_errors(["The cat sat."], ["the cat, sad"]).rate  # one of three words is wrong
        0.3333333333333333
    """
    output = jiwer.process_words([normalize(text) for text in references], [normalize(text) for text in hypotheses])
    return WordErrors(output.hits, output.substitutions, output.deletions, output.insertions)


@lru_cache(maxsize=1)
def _normalizer() -> EnglishTextNormalizer:
    return EnglishTextNormalizer()
