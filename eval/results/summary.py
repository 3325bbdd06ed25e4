"""Observations to numbers: one row for each system, condition and part of the corpus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..codecs import ORIGINAL
from ..conditions import CLEAN
from ..corpora import NONSPEECH
from ..corpora.manifest import APART
from ..metrics.similarity import Enrollment, enroll, voice_scores
from ..metrics.wer import WordErrors, character_errors, has_case, kept_words, name_words, number_words, word_errors
from ..types import Observation
from .bootstrap import Estimate, estimate_ratio

HEADLINE = "headline"
"""The row over all single utterances with a transcript, without the categories in `APART`."""
DRAWN = "drawn for degradation"
"""The row over the recordings drawn for degradation, clean as well, so that the curves compare like with like."""
ON_TIME_S = 0.05
"""Largest error of an utterance's start that counts as on time."""

Part = tuple[float, float]
"""One recording's numerator and denominator in a ratio."""
Names = Mapping[str, set[str]]
"""Id of a recording -> the normalized names in its words."""


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One system on one part of the corpus."""

    system: str
    """Name of the codec."""
    family: str
    """Its family."""
    condition: str
    """Such as ``clean``."""
    category: str
    """A category of the corpus, or `HEADLINE`."""
    items: int
    """Number of recordings that succeeded."""
    failed: int
    """Number of recordings that failed."""
    metrics: Mapping[str, Estimate]
    """Metric -> its estimate; unmeasured metrics are absent."""
    sections: Mapping[str, Estimate]
    """Section -> its bit/s, for systems that have sections."""


def summarize(
    observations: Sequence[Observation], families: Mapping[str, str], judges: Sequence[str], seed: int
) -> list[ResultRow]:
    """Return the rows of all systems, in the order of `families`.

    Args:
        observations: those of all systems, conditions and recordings.
        families: system -> family.
        judges: names of the judges; rates without a judge's name are the first one's.
        seed: seed of the bootstrap.
    """
    originals = [one for one in observations if one.system == ORIGINAL and one.condition == CLEAN and not one.failure]
    enrollment = enroll(originals)
    names = {one.item: _names(one, judges[0]) for one in originals}
    drawn = {one.item for one in observations if one.condition != CLEAN}
    groups: dict[tuple[str, str, str], list[Observation]] = {}
    for one in observations:
        parts = [one.category, *([HEADLINE] if in_headline(one) else [])] if one.condition == CLEAN else []
        for part in [*parts, *([DRAWN] if one.item in drawn else [])]:
            groups.setdefault((one.system, one.condition, part), []).append(one)
    order = {name: place for place, name in enumerate(families)}
    return [
        _row(key, groups[key], families[key[0]], judges, enrollment, names, seed)
        for key in sorted(groups, key=lambda key: (order[key[0]], key[1] != CLEAN, key[1], key[2] != HEADLINE, key[2]))
    ]


def in_headline(observation: Observation) -> bool:
    """Tell whether an observation counts in the headline."""
    if observation.category in (*APART, NONSPEECH):
        return False
    if observation.failure:
        return True  # so that a failure counts in the group of its recording
    return len(observation.turns) == 1 and bool(observation.turns[0].reference)


def _row(
    key: tuple[str, str, str],
    group: Sequence[Observation],
    family: str,
    judges: Sequence[str],
    enrollment: Enrollment,
    names: Names,
    seed: int,
) -> ResultRow:
    system, condition, category = key
    good = [one for one in group if not one.failure]
    parts: dict[str, Iterable[Part]] = {
        "bitrate_bps": [(one.payload_bits, one.duration_s) for one in good],
        "wire_bps": [(one.wire_bits, one.duration_s) for one in good],
        "encode_rtf": [(one.encode_s, one.duration_s) for one in good],
        "decode_rtf": [(one.decode_s, one.duration_s) for one in good],
        **_word_parts(good, judges, names),
        **_voice_parts(good, enrollment),
        **_onset_parts(good),
        **_naturalness_parts(good),
    }
    if category == NONSPEECH:
        parts["invented"] = [(float(bool(one.text)), 1.0) for one in good if one.text is not None]
    return ResultRow(
        system=system,
        family=family,
        condition=condition,
        category=category,
        items=len(good),
        failed=len(group) - len(good),
        metrics=_estimates(parts, seed),
        sections=_estimates(_section_parts(good), seed),
    )


def _estimates(parts: Mapping[str, Iterable[Part]], seed: int) -> dict[str, Estimate]:
    estimates = {name: estimate_ratio(list(values), seed) for name, values in parts.items() if values}
    return {name: estimate for name, estimate in estimates.items() if estimate}


def _names(original: Observation, judge: str) -> set[str]:
    """Return the names in a recording, by its transcript or, if that has no case, the judge's text for the original."""
    turns = original.turns
    return {
        name
        for turn in turns
        for name in name_words(
            (turn.reference or "") if has_case(turn.reference or "") else turn.hypotheses.get(judge, "")
        )
    }


def _word_parts(group: Sequence[Observation], judges: Sequence[str], names: Names) -> dict[str, list[Part]]:
    parts: dict[str, list[Part]] = {}
    for one in group:
        references = [turn.reference for turn in one.turns if turn.reference]
        if not references or len(references) < len(one.turns):
            continue
        for place, judge in enumerate(judges):
            suffix = "" if place == 0 else f":{judge}"
            hypotheses = [turn.hypotheses.get(judge, "") for turn in one.turns]
            words = word_errors(references, hypotheses)
            for name, count in _error_counts(words).items():
                _add(parts, f"{name}{suffix}", count, words.reference_words)
            characters = character_errors(references, hypotheses)
            _add(parts, f"cer{suffix}", characters.errors, characters.reference_words)
            if place == 0:
                _add_special(parts, references, hypotheses, names.get(one.item, set()))
        if one.text is not None:
            words = word_errors([" ".join(references)], [one.text])
            _add(parts, "text_wer", words.errors, words.reference_words)
    return parts


def _error_counts(words: WordErrors) -> dict[str, int]:
    return {
        "wer": words.errors,
        "substitutions": words.substitutions,
        "deletions": words.deletions,
        "insertions": words.insertions,
    }


def _add_special(parts: dict[str, list[Part]], references: list[str], hypotheses: list[str], names: set[str]) -> None:
    """Count the numbers and names that were recognized; recordings without any add nothing."""
    finders: dict[str, Callable[[str], set[str]]] = {"numbers": number_words, "names": lambda _: names}
    for name, find in finders.items():
        pairs = zip(references, hypotheses, strict=True)
        counts = [kept_words(reference, hypothesis, find(reference)) for reference, hypothesis in pairs]
        if total := sum(count[1] for count in counts):
            _add(parts, name, sum(count[0] for count in counts), total)


def _voice_parts(group: Sequence[Observation], enrollment: Enrollment) -> dict[str, list[Part]]:
    parts: dict[str, list[Part]] = {}
    for one in group:
        for score in voice_scores(one, enrollment):
            _add(parts, "similarity", score.same, 1)
            _add(parts, "similarity_stranger", score.stranger, 1)
            _add(parts, "identified", score.identified, 1)
            _add(parts, "candidates", score.candidates, 1)
    return parts


def _onset_parts(group: Sequence[Observation]) -> dict[str, list[Part]]:
    parts: dict[str, list[Part]] = {}
    for one in group:
        errors = [turn.onset_error_s for turn in one.turns if turn.onset_error_s is not None]
        if errors:
            _add(parts, "onset_error_ms", 1000 * sum(map(abs, errors)), len(errors))
            _add(parts, "on_time", sum(abs(error) <= ON_TIME_S for error in errors), len(errors))
    return parts


def _naturalness_parts(group: Sequence[Observation]) -> dict[str, list[Part]]:
    parts: dict[str, list[Part]] = {}
    for one in group:
        for scale, score in one.naturalness.items():
            _add(parts, f"dnsmos_{scale}", score, 1)
    return parts


def _add(parts: dict[str, list[Part]], name: str, numerator: float, denominator: float) -> None:
    parts.setdefault(name, []).append((float(numerator), float(denominator)))


def _section_parts(group: Sequence[Observation]) -> dict[str, list[Part]]:
    sections = {name for one in group for name in one.sections}
    order = [name for one in group[:1] for name in one.sections]
    return {
        name: [(8.0 * one.sections.get(name, 0), one.duration_s) for one in group]
        for name in sorted(sections, key=lambda name: (order.index(name) if name in order else len(order), name))
    }
