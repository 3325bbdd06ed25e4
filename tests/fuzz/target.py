"""Targets of fuzzing: a target takes bytes, and returns or raises an error of our own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from speechzip.pipeline import SpeechzipError


@dataclass(frozen=True, slots=True)
class Target:
    """Code that reads bytes from outside."""

    run: Callable[[bytes], None]
    seeds: Sequence[bytes]
    repair: Callable[[bytes], bytes] | None
    """Corrects the checksums; three of four mutants get it."""
    raises: type[SpeechzipError]
    """The only error that bad bytes may raise."""
    bound_s: float
    """Limit of CPU seconds for one input."""
    share: float
    """Share of the time of `make fuzz`."""
    max_bytes: int = 8192
    """Length of the longest mutant. If time grows with length, short ones show more in the same time."""
