"""Samples to listen to: a typical recording through several systems, and the worst ones."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ..conditions import CLEAN
from ..metrics.wer import DiffPart, word_diff, word_errors
from ..results.results import Results
from ..results.summary import in_headline
from ..run.store import LISTENED_TO, read_clip
from ..types import Observation

WORST = 10
LONGEST_TYPICAL_S = 15.0
"""Longest typical recording: a page should not hold minutes of sound."""


@dataclass(frozen=True, slots=True)
class Player:
    """One sample of sound."""

    system: str
    """Name of the system."""
    sound: str
    """MP3 in Base64."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A recording and its result in the main system."""

    item: str
    """Its id."""
    said: str
    """The reference text."""
    players: Sequence[Player]
    """Its sound through several systems."""
    word_error_rate: float
    """Word error rate of the decoded speech by the first judge."""
    duration_s: float
    payload_bytes: float
    heard: Sequence[DiffPart]
    """Edit operations from the reference to the judge's text."""
    sent: Sequence[DiffPart] | None
    """Edit operations from the reference to the words sent; None for a system without words."""


def typical_sample(results: Results, folder: Path) -> Sample | None:
    """Return the recording with the median word error rate, decoded by several systems."""
    judged = [one for one in _judged(results) if one.duration_s <= LONGEST_TYPICAL_S]
    if not judged:
        return None
    middle = median(_rate(one, results) for one in judged)
    one = min(judged, key=lambda one: (abs(_rate(one, results) - middle), one.item))
    systems = [name for name in results.systems if name.startswith(LISTENED_TO)]
    return _sample(one, results, folder, systems)


def worst_samples(results: Results, folder: Path) -> list[Sample]:
    """Return the recordings with the highest word error rates, at most `WORST`, without those free of errors."""
    wrong = [one for one in _judged(results) if _rate(one, results) > 0]
    worst = sorted(wrong, key=lambda one: (-_rate(one, results), one.item))[:WORST]
    return [_sample(one, results, folder, ["original", results.main]) for one in worst]


def _sample(one: Observation, results: Results, folder: Path, systems: Sequence[str]) -> Sample:
    said = " ".join(turn.reference or "" for turn in one.turns)
    heard = " ".join(turn.hypotheses.get(results.judges[0], "") for turn in one.turns)
    sounds = {system: read_clip(folder, system, one.item) for system in systems}
    return Sample(
        item=one.item,
        said=said,
        players=[Player(name, base64.b64encode(sound).decode()) for name, sound in sounds.items() if sound is not None],
        word_error_rate=_rate(one, results),
        duration_s=one.duration_s,
        payload_bytes=one.payload_bits / 8,
        heard=word_diff(said, heard),
        sent=None if one.text is None else word_diff(said, one.text),
    )


def _judged(results: Results) -> list[Observation]:
    return [
        one
        for one in results.observations
        if one.system == results.main and one.condition == CLEAN and not one.failure and in_headline(one)
    ]


def _rate(one: Observation, results: Results) -> float:
    judge = results.judges[0]
    references = [turn.reference or "" for turn in one.turns]
    return word_errors(references, [turn.hypotheses.get(judge, "") for turn in one.turns]).rate
