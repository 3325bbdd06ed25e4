"""What is evaluated, and how."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from os import cpu_count
from pathlib import Path

from ..conditions import CONDITIONS


@dataclass(frozen=True, slots=True)
class Engines:
    """Engines of speechzip in the evaluation, by name as in `speechzip compress`; None for the default one."""

    recognizer: str | None = None
    """Finds the words."""
    voice_encoder: str | None = None
    """Measures voices."""
    synthesizer: str | None = None
    """Speaks."""

    @property
    def named(self) -> dict[str, str]:
        """The chosen engines: kind -> name."""
        kinds = {"recognizer": self.recognizer, "voice_encoder": self.voice_encoder, "synthesizer": self.synthesizer}
        return {kind: name for kind, name in kinds.items() if name}


@dataclass(frozen=True, slots=True)
class Options:
    """What is evaluated, and how."""

    corpus: Path | str
    """A folder, a table, or ``wheels``."""
    out: Path
    """The output folder."""
    layout: str | None = None
    """The corpus's layout; detected if None."""
    limit: int | None = None
    """Number of recordings; all if None."""
    seed: int = 0
    """Seed of the draw of recordings, the noise and the bootstrap."""
    systems: tuple[str, ...] = ()
    """Systems by name or common prefix; all loadable ones if empty."""
    engines: Engines = field(default_factory=Engines)
    """Engines of speechzip; every installed set if none is chosen."""
    judges: tuple[str, ...] = ()
    """Recognizers that judge; all that are installed, the default one first, if empty."""
    conditions: tuple[str, ...] = tuple(CONDITIONS)
    """Conditions to measure."""
    workers: int = field(default_factory=lambda: cpu_count() or 1)
    """Number of parallel processes."""
    fresh: bool = False
    """Whether to discard stored results first."""

    def command(self) -> str:
        """Return the equivalent command line."""
        words = ["speechzip", "eval", str(self.corpus), "--out", str(self.out), "--seed", str(self.seed)]
        pairs: list[tuple[str, Sequence[object]]] = [
            ("--layout", [self.layout] if self.layout else []),
            ("--limit", [self.limit] if self.limit is not None else []),
            ("--system", self.systems),
            *((f"--{kind.replace('_', '-')}", [name]) for kind, name in self.engines.named.items()),
            ("--judge", self.judges),
            ("--condition", self.conditions if self.conditions != tuple(CONDITIONS) else ()),
        ]
        words += [word for option, values in pairs for value in values for word in (option, str(value))]
        return shlex.join(words)
