"""A Dask cluster as a runner: the same function does the same jobs on any number of machines.

Workers may come, go and die while it runs. The scheduler gives the job of a lost worker to another one; a job that has
cost `distributed.scheduler.allowed-failures` workers (3) is given up. A job done twice writes the same payload twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import EngineError, SpeechzipError
from ..system.memory import keep_freed_memory
from ..system.threads import keep_one_blas_thread
from .runners import Work, given_up
from .stores import reason
from .work import Job, Result, archive_recording

if TYPE_CHECKING:
    from distributed import Client, Future

LOCAL = "local"
"""Instead of an address: start a cluster on this machine, with its dashboard."""
AHEAD = 2
"""Jobs at the scheduler for each thread of the workers: one is being done, one waits."""
LEAST_AHEAD = 8
COUNT_EVERY_S = 2.0
"""How often the threads are counted."""
CONNECT_S = 10


def _on_worker(work: Work, job: Job) -> Result:
    """Do a job in a worker of Dask, with one thread and kept memory, as the workers of this machine have."""
    keep_one_blas_thread()
    keep_freed_memory()
    return work(job)


class DaskCluster:
    """Submits jobs to a scheduler, a few more than the workers have threads."""

    def __init__(self, address: str, workers: int, work: Work = archive_recording) -> None:
        """Connect to a scheduler. For `LOCAL`, start one with that many single-threaded workers.

        Raises:
            EngineError: ``distributed`` is not installed, or no scheduler answers at the address.
        """
        try:
            import dask
            from distributed import Client, LocalCluster
        except ModuleNotFoundError as error:
            raise EngineError(
                f"a Dask cluster needs {error.name}, which is not installed; run: pip install 'speechzip[dask]'"
            ) from error
        self._cluster: Any = None
        try:
            if address == LOCAL:
                with dask.config.set({"distributed.worker.profile.enabled": False}):  # it keeps the stacks of an hour
                    self._cluster = LocalCluster(
                        n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0"
                    )
            self._client: Client = Client(self._cluster or address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise EngineError(f"no Dask scheduler answers at {address} ({reason(error)})") from error
        self._work = work
        self._ahead = LEAST_AHEAD
        self._counted_at = 0.0

    @property
    def dashboard(self) -> str:
        """The address of the dashboard; empty if there is none."""
        return str(self._client.dashboard_link or "")

    def run(self, jobs: Iterator[Job]) -> Iterator[Result]:
        """See `Runner`."""
        from distributed import as_completed

        waiting: dict[str, Job] = {}
        done = as_completed(loop=self._client.loop)
        self._submit(jobs, waiting, done)
        for future in done:
            job = waiting.pop(str(future.key))
            result = self._result(future, job)
            future.release()
            yield result
            self._submit(jobs, waiting, done)

    def close(self) -> None:
        """See `Runner`."""
        with suppress(Exception):  # the scheduler may be gone
            self._client.close(timeout=5)
        if self._cluster is not None:
            with suppress(Exception):
                self._cluster.close(timeout=5)

    def _submit(self, jobs: Iterator[Job], waiting: dict[str, Job], done: Any) -> None:
        if time.monotonic() - self._counted_at > COUNT_EVERY_S:
            self._counted_at = time.monotonic()
            self._ahead = max(LEAST_AHEAD, AHEAD * sum(self._client.nthreads().values()))
        while len(waiting) < self._ahead and (job := next(jobs, None)) is not None:
            future = self._client.submit(_on_worker, self._work, job, pure=False)
            waiting[str(future.key)] = job
            done.add(future)

    def _result(self, future: Future, job: Job) -> Result:
        from distributed.scheduler import KilledWorker

        try:
            result = future.result()
        except KilledWorker as error:
            return given_up(job, f"{reason(error)[:120]}")
        except SpeechzipError:
            raise
        except Exception as error:  # what a worker raises on its own: another release, a missing package
            raise EngineError(
                f"the Dask cluster failed at {job.source.name} ({type(error).__name__}: {reason(error)}); "
                "it needs the same release of speechzip"
            ) from error
        if not isinstance(result, Result):
            raise EngineError(
                f"the Dask cluster returned {type(result).__name__}; it needs the same release of speechzip"
            )
        return result
