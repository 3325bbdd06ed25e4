"""One thread for NumPy's matrix products.

BLAS splits each product among one thread for each core, and they wait for each other in a loop. The products
of a voice take some microseconds each: on busy cores, two threads take seconds for what one does in 0.1 s.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

BLAS_VARIABLE = "OPENBLAS_NUM_THREADS"
"""The environment variable that NumPy's BLAS reads once, when it is loaded."""


@contextmanager
def one_blas_thread() -> Generator[None]:
    """Limit BLAS to one thread inside of the block, or of the decorated function.

    BLAS has one setting for the whole process. Of several Python threads, only the first one changes it
    (threadpoolctl's rule); a program that codes in many threads calls `keep_one_blas_thread` when it starts.
    """
    with _controller().limit(limits=1, user_api="blas"):
        yield


def keep_one_blas_thread() -> None:
    """Give BLAS one thread in the whole process, unless `BLAS_VARIABLE` says otherwise.

    For a program that codes in several Python threads, such as a server: call it once, before they start. Other
    matrix products of the process, which may be large, have one thread from then on, too.
    """
    if BLAS_VARIABLE in os.environ:
        return
    os.environ[BLAS_VARIABLE] = "1"
    if "numpy" in sys.modules:  # it has read the variable already
        _controller().limit(limits=1, user_api="blas")


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    """Return the thread controller; finding the process's libraries takes 2 ms, setting them 0.05 ms."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
