"""What is fuzzed: a target takes bytes, and returns or raises one error of our own."""

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
    """Puts the checksums right; three mutants in four get it."""
    raises: type[SpeechzipError]
    """The only error that bad bytes may end in."""
    bound_s: float
    """CPU seconds that no input may take."""
    share: float
    """Of the time of `make fuzz`."""
    max_bytes: int = 8192
    """The longest mutant. Where time goes with length, short ones show more in the same time."""
