"""Lines on standard output that nobody has to wait for: if they are not read, the conversation goes on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from concurrent.futures import Future

from ..limits import LIMITS, Limits

CLOSE_S = 0.5
"""How long the last lines may take to go out."""


class LineWriter:
    """Write lines to a descriptor in a thread of its own."""

    def __init__(self, descriptor: int, limits: Limits = LIMITS) -> None:
        self._descriptor = descriptor
        self._lines: queue.Queue[str | None] = queue.Queue(limits.lines)
        self._left_out = 0
        self._broken: Future[None] = Future()
        self._broken.set_running_or_notify_cancel()  # so that whoever stops waiting for it cannot cancel it
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
        """Take in a line. If too many wait already it is left out; `close` returns how many were."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._left_out += 1

    def close(self) -> int:
        """Write the lines that wait, as far as they are read at once; return how many were left out in all."""
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
