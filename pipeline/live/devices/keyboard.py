"""The Enter key as a push-to-talk button; ``d`` and ``r`` before it, while an utterance is under review."""

from __future__ import annotations

import asyncio
import os
import sys

from .controls import Controls

DROP, SAY_AGAIN = b"d", b"r"


class EnterKey:
    """Enter begins to talk and stops; the end of standard input leaves.

    With ``d`` before it, it drops what is under review; with ``r`` before it, it begins to talk, too.
    """

    def __init__(self, review: bool = False) -> None:
        """Begin.

        Args:
            review: whether to hint at the keys of a review.
        """
        self._talks = False
        self._review = "; d Enter drops, r Enter says it again" if review else ""

    def hint(self) -> str:
        """Return the effect of a key press at this moment."""
        return "Enter stops" if self._talks else f"Enter talks, Ctrl-C leaves{self._review}"

    async def run(self, conversation: Controls, done: asyncio.Event) -> None:
        """Watch the key until canceled, or until standard input ends, which sets `done`."""
        loop = asyncio.get_running_loop()
        closed = asyncio.Event()

        def typed() -> None:
            typed_line = os.read(sys.stdin.fileno(), 1024)
            if not typed_line:
                closed.set()
                return
            command = typed_line.strip().lower()
            if command in (DROP, SAY_AGAIN):
                conversation.drop_reviewed()
            if command == DROP or (command == SAY_AGAIN and self._talks):
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
