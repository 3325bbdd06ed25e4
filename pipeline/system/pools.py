"""Work in threads."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def pool(threads: int, name: str) -> Generator[ThreadPoolExecutor]:
    """Run work in threads inside of the block. If it ends with an exception, such as Ctrl-C, what waits is dropped."""
    with ThreadPoolExecutor(threads, name) as executor:
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise
