"""Lines on standard output without waiting: if nobody reads them, the conversation goes on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from concurrent.futures import Future

from ..limits import LIMITS, Limits

CLOSE_S = 0.5
"""Time limit to write the last lines."""


class LineWriter:
    """Write lines to a descriptor in a thread of its own."""

    def __init__(self, descriptor: int, limits: Limits = LIMITS) -> None:
        self._descriptor = descriptor
        self._lines: queue.Queue[str | None] = queue.Queue(limits.lines)
        self._left_out = 0
        self._broken: Future[None] = Future()
        self._broken.set_running_or_notify_cancel()  # so that a reader that stops waiting cannot cancel it
        self._thread = threading.Thread(target=self._write, name="speechzip-lines", daemon=True)
        self._thread.start()

    @property
    def is_broken(self) -> bool:
        """Whether the reader has gone."""
        return self._broken.done()

    async def until_broken(self) -> None:
        """Wait until the reader has gone."""
        await asyncio.wrap_future(self._broken)

    def put(self, line: str) -> None:
        """Queue a line, or leave it out if too many wait; `close` returns the number left out."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._left_out += 1

    def close(self) -> int:
        """Write the waiting lines, as far as they are read at once; return the number of lines left out."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=CLOSE_S)
        self._thread.join(CLOSE_S)
        return self._left_out + sum(line is not None for line in self._lines.queue)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            code = memoryview(f"{line}\n".encode("utf-8", "replace"))
            try:
                while code:
                    code = code[os.write(self._descriptor, code) :]
            except OSError:
                self._broken.set_result(None)
                return
