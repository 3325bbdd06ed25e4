from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from speechzip.pipeline.system.inference import cores
from speechzip.pipeline.system.threads import one_blas_thread
from speechzip.voices.acoustics import melspectrum, vocoder
from threadpoolctl import ThreadpoolController

COMMAND = """
import sys
from contextlib import suppress
from speechzip.pipeline.cli import main
sys.argv = ["speechzip", "--version"]
with suppress(SystemExit):
    main()
import numpy
from threadpoolctl import threadpool_info
print(*(library["num_threads"] for library in threadpool_info()))
"""

Spy = Callable[[Any, str], list[int]]


def blas_threads() -> int:
    return max(int(library["num_threads"]) for library in ThreadpoolController().info())


@pytest.fixture(autouse=True)
def _three_threads() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    with ThreadpoolController().limit(limits=3, user_api="blas"):
        assert blas_threads() == 3
        yield
        assert blas_threads() == 3


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    """Let a function record the number of BLAS threads at each call."""

    def watch(owner: Any, name: str) -> list[int]:
        function, seen = getattr(owner, name), list[int]()

        def watched(*arguments: Any) -> Any:
            seen.append(blas_threads())
            return function(*arguments)

        monkeypatch.setattr(owner, name, watched)
        return seen

    return watch


def test_voices_are_measured_and_spoken_in_one_thread(spy: Spy) -> None:
    measured, spoken = spy(melspectrum, "band_weights"), spy(vocoder, "interpolation_matrix")
    melspectrum.mel_spectrum(np.zeros(1600, np.float32))
    level_db = np.full((5, vocoder.BANDS), -40, np.float32)
    vocoder.vocode(np.full(5, 100, np.float32), level_db, level_db)
    assert (measured, spoken) == ([1], [1])


def test_an_error_gives_the_threads_back() -> None:
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError
    assert blas_threads() == 3


def test_blocks_inside_of_each_other() -> None:
    with one_blas_thread():
        with one_blas_thread():
            assert blas_threads() == 1
        assert blas_threads() == 1


def test_blocks_in_several_threads() -> None:
    """The second thread still works when the first one ends: it keeps its one thread, and gives all back at last."""
    entered, ended = Event(), Event()
    seen: list[int] = []

    def second() -> None:
        with one_blas_thread():
            entered.set()
            assert ended.wait(30)
            seen.append(blas_threads())

    with one_blas_thread():
        thread = Thread(target=second)
        thread.start()
        assert entered.wait(30)
    ended.set()
    thread.join()
    assert seen == [1]
    assert blas_threads() == 3


@pytest.mark.parametrize(("variable", "threads"), [(None, 1), ("2", min(2, cores()))])
def test_the_command_line_has_one_thread_in_all(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, threads: int
) -> None:
    """Live works in several Python threads, so a block in one of them would not be enough."""
    if variable is None:
        monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", variable)
    ended = subprocess.run([sys.executable, "-c", COMMAND], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["speechzip", version("speechzip"), str(threads)]


@pytest.mark.parametrize(("variable", "threads"), [(None, "1"), ("3", "3")])
def test_a_server_keeps_one_thread_also_where_numpy_was_first(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, threads: str
) -> None:
    if variable is None:
        monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", variable)
    code = """
import numpy
from threadpoolctl import threadpool_info, threadpool_limits
threadpool_limits(3, user_api="blas")  # as on a machine of three cores
from speechzip.pipeline import keep_one_blas_thread
keep_one_blas_thread()
print(*(library["num_threads"] for library in threadpool_info()))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == [threads]
