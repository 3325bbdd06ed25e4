"""One thread for NumPy's matrix products.

BLAS splits each product among one thread for each core, and they wait for each other in a loop. The products
of a voice take some microseconds each: on busy cores, two threads take seconds for what one does in 0.1 s.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import repeat
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

BLAS_VARIABLE = "OPENBLAS_NUM_THREADS"
"""The environment variable that NumPy's BLAS reads once, when it is loaded."""


class _Limited:
    """The blocks that are open now, and the numbers of threads to restore at the end of the last one."""

    lock = Lock()
    blocks = 0
    before: Sequence[int] = ()


@contextmanager
def one_blas_thread() -> Generator[None]:
    """Limit BLAS to one thread inside of the block, or of the decorated function.

    BLAS has one setting for the whole process. So the first of several blocks that are open at once, in whatever
    threads, changes it, and the last one restores it.
    """
    with _Limited.lock:
        if not _Limited.blocks:
            _Limited.before = _set_threads(repeat(1))
        _Limited.blocks += 1
    try:
        yield
    finally:
        with _Limited.lock:
            _Limited.blocks -= 1
            if not _Limited.blocks:
                _set_threads(_Limited.before)


def keep_one_blas_thread() -> None:
    """Give BLAS one thread in the whole process, unless `BLAS_VARIABLE` says otherwise.

    For a program that codes all the time, such as a server: call it once, when it starts. Other matrix products of the
    process, which may be large, have one thread from then on, too.
    """
    if BLAS_VARIABLE in os.environ:
        return
    os.environ[BLAS_VARIABLE] = "1"
    if "numpy" in sys.modules:  # it has read the variable already
        _set_threads(repeat(1))


def _set_threads(counts: Iterable[int]) -> list[int]:
    """Set the threads of each BLAS library, and return the numbers before.

    threadpoolctl lets only the first thread that sets OpenBLAS change it again; the lock above does better.
    """
    from threadpoolctl import OpenBLASController

    OpenBLASController.clear_controlling_thread(force=True)
    libraries = _controller().select(user_api="blas").lib_controllers
    before = [library.num_threads for library in libraries]
    for library, count in zip(libraries, counts, strict=False):
        library.set_num_threads(count)
    OpenBLASController.clear_controlling_thread(force=True)
    return before


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    """Return the thread controller; finding the process's libraries takes 2 ms, setting them 0.05 ms."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
