"""Lines on standard output that keep nobody waiting: where nobody reads them, the conversation goes on."""

from __future__ import annotations

import contextlib
import os
import queue
import threading

from ..limits import LIMITS, Limits

CLOSE_S = 0.5
"""How long the last lines may take to go out."""


class LineWriter:
    """Write lines to a descriptor in a thread of its own."""

    def __init__(self, descriptor: int, limits: Limits = LIMITS) -> None:
        self._descriptor = descriptor
        self._lines: queue.Queue[str | None] = queue.Queue(limits.lines)
        self._left_out = 0
        self.is_broken = False
        """Whether the reader has gone."""
        self._thread = threading.Thread(target=self._write, name="speechzip-lines", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Take in a line, or leave it out where too many wait; how many were is told on standard error at the end."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._left_out += 1

    def close(self) -> int:
        """Write what waits, as far as it is read at once; return how many lines were left out in all."""
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
                self.is_broken = True
                return
