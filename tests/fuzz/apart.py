"""A target in a process of its own: a library's crash ends that process, is reported, and the rest runs in another."""

from __future__ import annotations

import multiprocessing
import resource
import time
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized

from .campaign import HANG_S, Result, fuzz, mutant
from .targets import targets

MAX_ADDRESSES = 16 << 30
"""Address space of the process: a larger allocation is a MemoryError."""
MAX_CRASHES = 20
"""A target is given up after this many crashes."""
CONTEXT = multiprocessing.get_context("spawn")
"""The process starts with nothing loaded, so that its memory is the target's own."""


def fuzz_apart(name: str, seed: int, mutants: int, seconds: float) -> Result:
    """Return the results of up to `mutants` mutants within `seconds` for the target `name`."""
    total = Result()
    ends_at_s = time.monotonic() + seconds
    number: Synchronized[int] = CONTEXT.Value("q", -1)
    first = 0
    for _ in range(MAX_CRASHES):
        receiver, sender = CONTEXT.Pipe(duplex=False)
        process = CONTEXT.Process(target=_work, args=(name, seed, mutants, ends_at_s, first, number, sender))
        process.start()
        sender.close()
        result = _result(receiver, number)
        if result is None:
            process.kill()
        process.join()
        if result is not None:
            total.add(result)
            break
        reason = f"ends or stalls the process (exit code {process.exitcode}) at mutant {number.value}"
        total.mutants += number.value + 1 - first
        data = mutant(name, targets()[name], seed, number.value) if number.value >= 0 else b""
        total.failures.append((data, reason))
        first = number.value + 1
    return total


def _result(receiver: Connection, number: Synchronized[int]) -> Result | None:
    """Return the process's next message; None if it dies, or if one mutant exceeds the time limit."""
    with receiver:
        while True:
            before = number.value
            try:
                if receiver.poll(2 * HANG_S):
                    result: Result = receiver.recv()
                    return result
            except EOFError:
                return None
            if number.value == before:
                return None


def _work(
    name: str, seed: int, mutants: int, ends_at_s: float, first: int, number: Synchronized[int], sender: Connection
) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESSES, MAX_ADDRESSES))

    def started(index: int) -> None:
        number.value = index

    sender.send(fuzz(name, targets()[name], seed, mutants, ends_at_s, first, started))
