"""Word and character error rate after a stated normalization."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:  # both take long to import, and the command line must not
    from whisper_normalizer.english import EnglishTextNormalizer

NORMALIZER = "Whisper's English normalizer (whisper-normalizer; Radford et al. 2022, appendix C)"
"""Description of the normalization in reports."""


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
    def errors(self) -> int:
        """Number of errors of all three kinds."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Word error rate: errors over reference words; may exceed 1."""
        return self.errors / self.reference_words if self.reference_words else float(self.errors > 0)


Edit = Literal["equal", "substitute", "delete", "insert"]
"""The edit operation of a run of words."""


@dataclass(frozen=True, slots=True)
class DiffPart:
    """A run of words with the same edit operation."""

    edit: Edit
    """The operation."""
    reference: str
    """The words of the reference; empty for an insertion."""
    hypothesis: str
    """The words of the hypothesis; empty for a deletion."""


def normalize(text: str) -> str:
    """Return `text` normalized by Whisper's English normalizer.

    It removes case and punctuation, expands contractions, writes numbers in figures and
    British spellings the American way (Radford et al. 2022, appendix C).

    Example:
        >>> normalize("Mr. Neill isn't grey at twenty-one!")
        'mister neill is not gray at 21'
    """
    return _normalized(text)


def word_errors(references: Sequence[str], hypotheses: Sequence[str]) -> WordErrors:
    """Count the word errors of each hypothesis against the reference beside it, normalized.

    Example:
        >>> word_errors(["The cat sat."], ["the cat, sad"]).rate  # one of three words is wrong
        0.3333333333333333
    """
    import jiwer

    output = jiwer.process_words([normalize(text) for text in references], [normalize(text) for text in hypotheses])
    return WordErrors(output.hits, output.substitutions, output.deletions, output.insertions)


def character_errors(references: Sequence[str], hypotheses: Sequence[str]) -> WordErrors:
    """Count the same over characters, spaces included.

    Example:
        >>> character_errors(["cat"], ["cut"]).rate
        0.3333333333333333
    """
    import jiwer

    output = jiwer.process_characters(
        [normalize(text) for text in references], [normalize(text) for text in hypotheses]
    )
    return WordErrors(output.hits, output.substitutions, output.deletions, output.insertions)


def word_diff(reference: str, hypothesis: str) -> list[DiffPart]:
    """Return the edit operations from the normalized `reference` to the normalized `hypothesis`.

    Example:
        >>> [(part.edit, part.reference, part.hypothesis) for part in word_diff("a b c", "a x c d")]
        [('equal', 'a', 'a'), ('substitute', 'b', 'x'), ('equal', 'c', 'c'), ('insert', '', 'd')]
    """
    return list(_diff(normalize(reference), normalize(hypothesis)))


def kept_words(reference: str, hypothesis: str, wanted: set[str]) -> tuple[int, int]:
    """Return the number of `wanted` words of the reference that the hypothesis has, and their total number.

    Args:
        reference: the right text.
        hypothesis: the recognized text.
        wanted: normalized words.

    Example:
        >>> kept_words("Call Stella at nine", "call Stellar at nine", {"stella", "9"})
        (1, 2)
    """
    kept = total = 0
    for part in word_diff(reference, hypothesis):
        count = sum(word in wanted for word in part.reference.split())
        total += count
        kept += count if part.edit == "equal" else 0
    return kept, total


def number_words(reference: str) -> set[str]:
    """Return the normalized words of `reference` that contain a digit.

    Example:
        >>> sorted(number_words("It cost twenty-one dollars in 1999."))
        ['$21', '1999']
    """
    return {
        word
        for word in normalize(reference).split()
        if any(mark.isdigit() for mark in word) and word not in UNSURE_NUMBERS
    }


UNSURE_NUMBERS = {"1", "1s", "2nd", "1st"}
"""Words that are pronouns and ordinals as often as numbers: the normalizer writes "no one" as "no 1"."""


def name_words(cased: str) -> set[str]:
    """Return the normalized names in a text with upper and lower case: capitalized words inside a sentence.

    A text without lower case has no recognizable names.

    Example:
        >>> sorted(name_words("Please call Stella. Meet her on Wednesday, and I will come."))
        ['stella', 'wednesday']
    """
    if not has_case(cased):
        return set()
    words = cased.split()
    inside = [word for before, word in pairwise(words) if before[-1] not in ".?!:\"'"]
    names = {normalize(word) for word in inside if word[0].isupper() and word.rstrip(".,;:?!").split("'")[0] != "I"}
    return {name for name in names if name and " " not in name}


def has_case(text: str) -> bool:
    """Tell whether `text` has both cases; LibriSpeech's transcripts do not."""
    return any(mark.islower() for mark in text)


def _diff(reference: str, hypothesis: str) -> Iterator[DiffPart]:
    import jiwer

    output = jiwer.process_words(reference, hypothesis)
    wanted, heard = output.references[0], output.hypotheses[0]
    for chunk in output.alignments[0]:
        yield DiffPart(
            cast("Edit", chunk.type),  # jiwer has the same four
            " ".join(wanted[chunk.ref_start_idx : chunk.ref_end_idx]),
            " ".join(heard[chunk.hyp_start_idx : chunk.hyp_end_idx]),
        )


@lru_cache(maxsize=1 << 14)  # a reference is compared with the result of every system
def _normalized(text: str) -> str:
    return str(_normalizer()(text))


@lru_cache(maxsize=1)
def _normalizer() -> EnglishTextNormalizer:
    from whisper_normalizer.english import EnglishTextNormalizer

    return EnglishTextNormalizer()
