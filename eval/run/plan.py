"""The plan of an evaluation: which observations to make."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from random import Random

from ..conditions import CLEAN
from ..corpora.manifest import APART
from ..types import Corpus, Item
from .observe import EvalJob

DEGRADED_ITEMS = 30
"""Number of recordings under noise and on the telephone, drawn by the seed: all would double the time."""


def plan_jobs(
    corpus: Corpus,
    systems: Sequence[str],
    conditions: Sequence[str],
    *,
    degraded: Collection[str],
    wordy: Collection[str],
    seed: int,
) -> list[EvalJob]:
    """Return all observations to make, recording by recording.

    Every recording goes clean through all systems. Recordings without speech or without a transcript
    only go through systems that send words. A draw of single utterances is degraded, for a few
    systems: more would add little and take long.

    Args:
        corpus: the recordings.
        systems: names of the systems.
        conditions: names of the conditions.
        degraded: the systems for the degraded conditions.
        wordy: the systems that send words.
        seed: of the draw.
    """
    spoken = [item for item in corpus.items if is_spoken(item) and len(item.turns) == 1 and item.category not in APART]
    drawn = {item.id for item in Random(seed).sample(spoken, min(DEGRADED_ITEMS, len(spoken)))}
    jobs: list[EvalJob] = []
    for condition in conditions:
        for item in corpus.items:
            for system in systems:
                clean = condition == CLEAN and (is_spoken(item) or system in wordy)
                if clean or (condition != CLEAN and item.id in drawn and system in degraded):
                    jobs.append(EvalJob(item, condition, system))
    return jobs


def is_spoken(item: Item) -> bool:
    """Tell whether a recording has speech and a complete transcript."""
    return bool(item.turns) and all(turn.transcript for turn in item.turns)
