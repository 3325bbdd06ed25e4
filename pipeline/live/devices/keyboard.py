"""The Enter key as a push-to-talk button."""

from __future__ import annotations

import asyncio
import os
import sys

from .controls import Controls


class EnterKey:
    """Enter begins to talk and stops; the end of standard input leaves."""

    def __init__(self) -> None:
        self._talks = False

    def hint(self) -> str:
        """Return the effect of a key press at this moment."""
        return "Enter stops" if self._talks else "Enter talks, Ctrl-C leaves"

    async def run(self, conversation: Controls, done: asyncio.Event) -> None:
        """Watch the key until canceled, or until standard input ends, which sets `done`."""
        loop = asyncio.get_running_loop()
        closed = asyncio.Event()

        def typed() -> None:
            if not os.read(sys.stdin.fileno(), 1024):
                closed.set()
                return
            if self._talks:
                conversation.release()
            else:
                conversation.press()
            self._talks = conversation.is_pressed

        try:
            loop.add_reader(sys.stdin.fileno(), typed)
        except (OSError, ValueError):  # a file, or nothing: no key will ever be pressed
            return
        try:
            await closed.wait()
            done.set()
        finally:
            loop.remove_reader(sys.stdin.fileno())
