"""A thread for calls that block: recognition, decoding, synthesis, looking up hosts.

A program waits for the threads of `concurrent.futures` before it ends, so one long call, such as decoding a hostile
text, would delay Ctrl-C. It does not wait for a `Worker`.
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
"""Time limit for an idle thread to end."""


PREFIX = "speechzip-"
"""The names of threads that may be left behind begin with it."""


class Worker:
    """One thread that makes one call after another. Coroutines of one event loop await them."""

    def __init__(self, name: str) -> None:
        """Start the thread.

        Args:
            name: of the thread, to be seen in a debugger.
        """
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a call returns, or raise what it raises. A call canceled before it begins is not made."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            if done.cancelled():
                return
            try:
                answer = call(*args, **kwargs)
            except BaseException as error:  # of any kind: it belongs to the caller
                _answer(loop, done, done.set_exception, _awaitable(error))
            else:
                _answer(loop, done, done.set_result, answer)

        self._calls.put(work)
        return await done

    def __enter__(self) -> Worker:
        """Return the worker, which ends with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Call `stop`."""
        self.stop()

    def stop(self) -> None:
        """End the thread after its current call, without waiting for it. Calls that wait are not made."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._calls.get_nowait()
        self._calls.put(None)
        self._thread.join(STOP_S)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def leave_at_once() -> None:
    """End the process with exit status 0 if a thread is in the middle of a call.

    Python would otherwise unload the libraries that the call uses.
    """
    if any(thread.name.startswith(PREFIX) for thread in threading.enumerate()):
        sys.stderr.flush()
        os._exit(0)


def _awaitable(error: BaseException) -> Exception:
    """Return an error that a future can hold; others would end the coroutine or the loop that awaits it."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    wrapped = RuntimeError(f"{type(error).__name__} was raised in a thread")
    wrapped.__cause__ = error
    return wrapped


def _answer(
    loop: asyncio.AbstractEventLoop, done: asyncio.Future[Any], set_answer: Callable[[T], None], value: T
) -> None:
    """Answer in the loop's thread, if the call is still awaited there."""

    def answer() -> None:
        if not done.cancelled():
            set_answer(value)

    with contextlib.suppress(RuntimeError):  # the loop has been closed: the conversation is over
        loop.call_soon_threadsafe(answer)
