"""Jobs in parallel processes; neither an exception nor a crash of one ends the run.

Each process works in one thread, so that one process for each core does not wait for others, and
ends if its parent has ended.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait as wait_for_any
from typing import Any

from .observe import EvalJob, RunSettings, observe
from .store import ObservationStore

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What NumPy's libraries ask, once, how many threads to start."""

Done = Callable[[EvalJob], None]
"""Callback for each job done."""
Worker = Callable[[EvalJob, RunSettings, ObservationStore], None]
"""Callable that does a job and stores its observation."""


def work(job: EvalJob, settings: RunSettings, store: ObservationStore) -> None:
    """Make one observation and store it."""
    observation, decoded = observe(job, settings)
    store.save(job, observation, decoded if store.keeps_clip(job) else None)


def run_jobs(
    jobs: Iterable[EvalJob],
    settings: RunSettings,
    store: ObservationStore,
    workers: int,
    done: Done,
    worker: Worker = work,
) -> None:
    """Do all jobs, `workers` at a time; each is stored when it ends.

    If a process dies (a codec's library may crash), the jobs in progress are done again,
    each alone, and a job that kills its process again is stored as failed.
    """
    pending = deque(jobs)
    with _one_thread_each():
        while pending:
            for job in _run_until_broken(pending, settings, store, workers, done, worker):
                if _run_until_broken(deque([job]), settings, store, 1, done, worker):
                    store.save(job, job.failed("the process died while it worked on this recording"))
                    done(job)


def _run_until_broken(
    pending: deque[EvalJob],
    settings: RunSettings,
    store: ObservationStore,
    workers: int,
    done: Done,
    worker: Worker,
) -> list[EvalJob]:
    """Take jobs from `pending` until none is left; return those in progress when a process died."""
    running: dict[Future[None], EvalJob] = {}
    context: Any = multiprocessing.get_context("spawn")  # threads of native libraries do not survive a fork
    with ProcessPoolExecutor(workers, mp_context=context, initializer=prepare_worker) as pool:
        try:
            while pending or running:
                while pending and len(running) < workers:
                    job = pending.popleft()
                    running[pool.submit(worker, job, settings, store)] = job
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    future.result()
                    done(running.pop(future))
        except BrokenProcessPool:
            return list(running.values())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return []


def prepare_worker() -> None:
    """Set up a process that works for another one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    warnings.simplefilter("ignore")  # of libraries, about themselves
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_any([parent.sentinel])
        os._exit(1)  # the parent has ended


@contextmanager
def _one_thread_each() -> Generator[None]:
    """Let processes that are started now have one thread for matrix products."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
