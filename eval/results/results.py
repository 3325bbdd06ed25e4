"""All that a report says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..types import Corpus, Observation
from .summary import HEADLINE, Row


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording that something could not be measured of."""

    item: str
    """Its id."""
    systems: tuple[str, ...]
    """For which systems; empty for all."""
    reason: str
    """Why."""


@dataclass(frozen=True, slots=True)
class Results:
    """All that a report says."""

    corpus: Corpus
    """What was evaluated on."""
    systems: Sequence[str]
    """Names of the systems, in the order of tables."""
    main: str
    """The system that it is about: speechzip with its default engines, or with those that were named."""
    rows: Sequence[Row]
    """The numbers."""
    observations: Sequence[Observation]
    """What they were computed from."""
    failures: Sequence[Failure]
    """What could not be measured."""
    left_out: Mapping[str, str]
    """System or measure -> why it was left out, and what to install."""
    warnings: Sequence[str]
    """What a reader must know before believing the numbers."""
    memory_mib: Mapping[str, float]
    """System -> peak memory of a process that codes the longest recording."""
    judges: Sequence[str]
    """Names of the judges; the first one's word errors are the ones in tables."""
    engines: Mapping[str, str]
    """System -> the engines that it is made of."""
    facts: Mapping[str, str]
    """What reproduces it: versions, machine, command, date."""

    @property
    def failed_items(self) -> int:
        """Number of recordings that something failed of."""
        return len({failure.item for failure in self.failures})

    def row(self, system: str, condition: str, category: str = HEADLINE) -> Row | None:
        """Return the numbers of one system on one part of the corpus, or None where there are none."""
        for row in self.rows:
            if (row.system, row.condition, row.category) == (system, condition, category):
                return row
        return None
