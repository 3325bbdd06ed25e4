"""Where the work is done: in this process, or in worker processes of this machine.

A runner takes jobs as its workers become free, and returns results in any order. It holds no more jobs than
it has workers, so memory stays flat however many there are.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Protocol

from ..errors import SpeechzipError
from ..system.threads import BLAS_VARIABLE, keep_one_blas_thread
from .work import Job, Result, archive_recording, new_row

Work = Callable[[Job], Result]

MAX_DEATHS = 2
"""A recording is given up after so many workers died of it."""


class Runner(Protocol):
    """Does jobs."""

    def run(self, jobs: Iterator[Job]) -> Iterator[Result]:
        """Yield the result of each job, in any order.

        Raises:
            OutputError: the archive cannot be written.
            EngineError: the engines cannot be loaded.
        """
        ...

    def close(self) -> None:
        """Stop at once; unfinished jobs leave nothing behind."""
        ...


class SameProcess:
    """Does one job after the other in this process."""

    def run(self, jobs: Iterator[Job]) -> Iterator[Result]:
        """See `Runner`."""
        yield from map(archive_recording, jobs)

    def close(self) -> None:
        """See `Runner`."""


class WorkerPool:
    """Processes of this machine, with engines that each loads once, and one thread each.

    A worker that dies (out of memory, or a fault in a library) is replaced, and its recording is tried once more.
    """

    def __init__(self, workers: int, work: Work = archive_recording) -> None:
        self._workers = [_Worker(work) for _ in range(workers)]

    def run(self, jobs: Iterator[Job]) -> Iterator[Result]:
        """See `Runner`."""
        idle = list(self._workers)
        again: list[tuple[Job, int]] = []
        more = True
        while True:
            while idle and (again or more):
                following = again.pop() if again else _next(jobs)
                if following is None:
                    more = False
                    break
                idle.pop().begin(*following)
            busy = {worker.connection: worker for worker in self._workers if worker.job}
            if not busy:
                return
            for connection in wait(list(busy)):
                worker = busy[connection]  # type: ignore[index]  # `wait` returns what it was given
                job, deaths = worker.job or _unreachable(), worker.deaths
                answer = worker.answer()
                idle.append(worker)
                if isinstance(answer, SpeechzipError):
                    raise answer
                if isinstance(answer, Result):
                    yield answer
                elif deaths + 1 < MAX_DEATHS:
                    again.append((job, deaths + 1))
                else:
                    yield given_up(job, f"{MAX_DEATHS} workers died of it ({answer})")

    def close(self) -> None:
        """See `Runner`."""
        for worker in self._workers:
            worker.stop()


def given_up(job: Job, why: str) -> Result:
    """Return the result of a job that no worker survives."""
    return Result(replace(new_row(job), error=why, error_type="WorkerDied", at=round(time.time(), 3)), "failed")


class _Worker:
    """One process, and the job that it does."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._context = multiprocessing.get_context("spawn")  # a fork copies locks of threads, but no threads
        self.job: Job | None = None
        self.deaths = 0
        """Number of workers that died of this job before."""
        self._process: BaseProcess | None = None
        self.connection: Connection

    def begin(self, job: Job, deaths: int) -> None:
        if self._process is None or not self._process.is_alive():
            self._start()
        self.job, self.deaths = job, deaths
        with suppress(OSError):  # it died: `answer` finds out
            self.connection.send(job)

    def answer(self) -> Result | SpeechzipError | str:
        """Return what the worker sent, or how it died."""
        self.job = None
        try:
            received: Result | SpeechzipError = self.connection.recv()
        except (EOFError, OSError):
            return self._epitaph()
        return received

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self.connection.close()
            self._process = None

    def _start(self) -> None:
        self.connection, theirs = self._context.Pipe()
        self._process = self._context.Process(target=_serve, args=(theirs, self._work), daemon=True)
        self._process.start()
        theirs.close()

    def _epitaph(self) -> str:
        process, self._process = self._process, None
        self.connection.close()
        if process is None:
            return "it never started"
        process.join()
        code = process.exitcode or 0
        return f"signal {-code}" if code < 0 else f"exit status {code}"


def _serve(connection: Connection, work: Work) -> None:
    """Do jobs until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the first one decides
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault(BLAS_VARIABLE, "1")
    keep_one_blas_thread()
    while True:
        try:
            job: Job = connection.recv()
        except (EOFError, OSError):
            return
        answer: Result | SpeechzipError
        try:
            answer = work(job)
        except SpeechzipError as error:
            answer = _portable(error)
        with suppress(BrokenPipeError):
            connection.send(answer)


def _portable(error: SpeechzipError) -> SpeechzipError:
    """Return an error without its cause: some of those cannot be sent to another process."""
    return type(error)(str(error), remedies=error.remedies)


def _next(jobs: Iterator[Job]) -> tuple[Job, int] | None:
    job = next(jobs, None)
    return None if job is None else (job, 0)


def _unreachable() -> Job:
    raise AssertionError("a busy worker has a job")
