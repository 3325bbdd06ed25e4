"""Work in threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

Result = TypeVar("Result")

_begun: set[Future[Any]] = set()


@contextmanager
def pool(threads: int, name: str) -> Generator[ThreadPoolExecutor]:
    """Run work in threads inside of the block. If it ends with an exception, such as Ctrl-C, what waits is dropped."""
    with ThreadPoolExecutor(threads, name) as executor:
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def beside(work: Callable[[], Result], name: str) -> Future[Result]:
    """Begin work in a thread of its own; its result is there when somebody needs it."""
    thread = ThreadPoolExecutor(1, name)
    future = thread.submit(work)
    thread.shutdown(wait=False)
    _begun.add(future)
    future.add_done_callback(_begun.discard)
    return future


def _wait_for_all() -> None:
    wait(list(_begun))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_wait_for_all)  # a forked process would wait for ever: it has no such threads
