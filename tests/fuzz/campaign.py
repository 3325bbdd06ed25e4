"""Run mutants through a target, and keep those that take the most time or memory, or break it."""

from __future__ import annotations

import hashlib
import resource
import signal
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from .mutation import mutate
from .target import Target

HANG_S = 300
"""An input that runs for this long is stopped. That is a failure, even on a busy machine."""
KEPT = 50
"""Number of failures of a target that are written to files: one fault may break thousands of inputs."""
MAX_GROWTH_MB = 256.0
"""Limit on the peak memory that one input may add."""


@dataclass(slots=True)
class Result:
    """The results of one target."""

    mutants: int = 0
    accepted: int = 0
    worst_s: float = 0.0
    """CPU seconds of the slowest mutant."""
    worst_growth_mb: float = 0.0
    """Largest increase of the process's peak memory by one input, without the first ones."""
    peak_mb: float = 0.0
    """The process's peak memory, including everything loaded."""
    slowest: bytes = b""
    largest: bytes = b""
    failures: list[tuple[bytes, str]] = field(default_factory=list[tuple[bytes, str]])

    def save(self, name: str, folder: Path) -> None:
        """Write the inputs worth keeping into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        stem = name.replace(" ", "-")
        (folder / f"{stem}.slowest").write_bytes(self.slowest)
        (folder / f"{stem}.largest").write_bytes(self.largest)
        for data, reason in self.failures[:KEPT]:
            path = folder / f"{stem}.{hashlib.sha256(data).hexdigest()[:8]}"
            path.write_bytes(data)
            path.with_suffix(path.suffix + ".txt").write_text(reason, "utf-8")

    def add(self, other: Result) -> None:
        """Take in the result of more mutants."""
        self.mutants += other.mutants
        self.accepted += other.accepted
        self.failures += other.failures
        self.peak_mb = max(self.peak_mb, other.peak_mb)
        if other.worst_s > self.worst_s:
            self.worst_s, self.slowest = other.worst_s, other.slowest
        if other.worst_growth_mb > self.worst_growth_mb:
            self.worst_growth_mb, self.largest = other.worst_growth_mb, other.largest


class Hang(Exception):
    """An input takes too long."""


def mutant(name: str, target: Target, seed: int, index: int) -> bytes:
    """Return mutant number `index` of a target: always the same for the same `seed`."""
    rng = Random(f"{seed} {name} {index}")
    data = mutate(rng, target.seeds, target.max_bytes)
    return target.repair(data) if target.repair and rng.randrange(4) else data


def fuzz(
    name: str,
    target: Target,
    seed: int,
    mutants: int,
    ends_at_s: float = float("inf"),
    first: int = 0,
    started: Callable[[int], None] = lambda index: None,
) -> Result:
    """Return the results of the mutants from `first` up to `mutants`, as far as time allows.

    Args:
        name: of the target.
        target: is run in this process.
        seed: makes other mutants.
        mutants: the number of the last one, and one.
        ends_at_s: by `time.monotonic`.
        first: the number of the first one.
        started: called with the number of each before it runs.
    """
    result, warm_up = Result(), Result()  # what is loaded once is no input's fault
    for data in target.seeds:
        _run_one(target, data, warm_up)
    result.failures.extend((data, reason) for data, reason in warm_up.failures if "is the bound" not in reason)
    for index in range(first, mutants):
        if time.monotonic() > ends_at_s:
            break
        started(index)
        _run_one(target, mutant(name, target, seed, index), result)
    result.peak_mb = _peak_mb()
    return result


def _run_one(target: Target, data: bytes, result: Result) -> None:
    before_mb, started = _peak_mb(), time.process_time()
    failure = ""
    try:
        with _alarm():
            target.run(data)
        result.accepted += 1
    except target.raises:
        pass
    except Exception as error:  # whatever it is, it is not ours
        failure = f"{type(error).__name__}: {error}"
    took_s, growth_mb = time.process_time() - started, _peak_mb() - before_mb
    result.mutants += 1
    if took_s > result.worst_s:
        result.worst_s, result.slowest = took_s, data
    if growth_mb > result.worst_growth_mb:
        result.worst_growth_mb, result.largest = growth_mb, data
    if took_s > target.bound_s:
        failure = failure or f"took {took_s:.1f} s; {target.bound_s:.0f} s is the bound"
    if growth_mb > MAX_GROWTH_MB:
        failure = failure or f"took {growth_mb:.0f} MB more; {MAX_GROWTH_MB:.0f} MB is the bound"
    if failure:
        result.failures.append((data, failure))


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


@contextmanager
def _alarm() -> Generator[None]:
    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise Hang(f"did not end in {HANG_S} s")

    earlier = signal.signal(signal.SIGALRM, ring)
    signal.alarm(HANG_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, earlier)
