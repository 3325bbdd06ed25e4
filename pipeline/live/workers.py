"""A thread for what blocks: recognition, decoding, synthesis, names of hosts.

The threads of `concurrent.futures` are waited for when the program ends, so that one long call, such as a hostile
text that is being decoded, would keep Ctrl-C waiting. A `Worker` is left behind instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

STOP_S = 0.1
"""How long an idle thread is given to end."""


PREFIX = "speechzip-"
"""Of the names of threads that may be left behind."""


class Worker:
    """One thread that makes one call after the other. Its calls may be awaited in one event loop."""

    def __init__(self, name: str) -> None:
        """Start the thread.

        Args:
            name: of the thread, for whoever debugs.
        """
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a call returns, or raise what it raises. A call that nobody awaits any more is not begun."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            if done.cancelled():
                return
            try:
                answer = call(*args, **kwargs)
            except BaseException as error:  # whatever it is, it belongs to the caller
                _tell(loop, done, done.set_exception, _awaitable(error))
            else:
                _tell(loop, done, done.set_result, answer)

        self._calls.put(work)
        return await done

    def __enter__(self) -> Worker:
        """Return the worker, which ends with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Call `stop`."""
        self.stop()

    def stop(self) -> None:
        """End the thread after the call that it is in, without waiting for that; what else waits is not begun."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._calls.get_nowait()
        self._calls.put(None)
        self._thread.join(STOP_S)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def leave_at_once() -> None:
    """End the process, with exit status 0, where a thread is in the middle of a call that would have to be waited for.

    Python would go on to take down the libraries which that call is using.
    """
    if any(thread.name.startswith(PREFIX) for thread in threading.enumerate()):
        sys.stderr.flush()
        os._exit(0)


def _awaitable(error: BaseException) -> Exception:
    """Return an error that a future can hold: the others would end the coroutine or the loop that awaits it."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    wrapped = RuntimeError(f"{type(error).__name__} was raised in a thread")
    wrapped.__cause__ = error
    return wrapped


def _tell(loop: asyncio.AbstractEventLoop, done: asyncio.Future[Any], tell: Callable[[T], None], what: T) -> None:
    """Answer in the loop's thread, if somebody waits there still."""

    def answer() -> None:
        if not done.cancelled():
            tell(what)

    with contextlib.suppress(RuntimeError):  # the loop has been closed: the conversation is over
        loop.call_soon_threadsafe(answer)
