"""The content of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..types import Corpus, Observation
from .conversations import Conversation
from .summary import HEADLINE, ResultRow

NO_TRANSCRIPT = "it has no transcript: only the bits and the speed of systems that send words were measured"


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording with a failed measurement."""

    item: str
    """Its id."""
    systems: tuple[str, ...]
    """The affected systems; empty for all."""
    reason: str
    """Why."""


@dataclass(frozen=True, slots=True)
class Results:
    """The content of a report."""

    corpus: Corpus
    """The evaluated corpus."""
    systems: Sequence[str]
    """Names of the systems, in the order of tables."""
    main: str
    """The main system: speechzip with its default engines, or with the named ones."""
    rows: Sequence[ResultRow]
    """The numbers."""
    observations: Sequence[Observation]
    """The observations behind the rows."""
    failures: Sequence[Failure]
    """The failed measurements."""
    left_out: Mapping[str, str]
    """System or measure -> why it was left out, and what to install."""
    warnings: Sequence[str]
    """Caveats about the numbers."""
    memory_mib: Mapping[str, float]
    """System -> peak memory of a process that codes the longest recording."""
    judges: Sequence[str]
    """Names of the judges; tables show the first one's word errors."""
    engines: Mapping[str, str]
    """System -> its engines."""
    conversations: Sequence[Conversation]
    """What was measured of recordings of several people, through the main system."""
    facts: Mapping[str, str]
    """Facts for reproducing the report: versions, machine, command, date."""

    @property
    def failed_items(self) -> int:
        """Number of recordings with a failure; a missing transcript is none."""
        return len({failure.item for failure in self.failures if failure.reason != NO_TRANSCRIPT})

    @property
    def untranscribed_items(self) -> int:
        """Number of recordings of which no words can be compared."""
        return len({failure.item for failure in self.failures if failure.reason == NO_TRANSCRIPT})

    def row(self, system: str, condition: str, category: str = HEADLINE) -> ResultRow | None:
        """Return the numbers of one system on one part of the corpus, or None if there are none."""
        for row in self.rows:
            if (row.system, row.condition, row.category) == (system, condition, category):
                return row
        return None
