"""The Enter key as a push-to-talk button."""

from __future__ import annotations

import asyncio
import os
import sys

from .controls import Controls


async def use_enter_key(conversation: Controls, done: asyncio.Event) -> None:
    """Let Enter start and stop talking, and the end of standard input leave; see `FrontEnd`."""
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()

    def typed() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            closed.set()
        elif conversation.is_pressed:
            conversation.release()
        else:
            conversation.press()

    try:
        loop.add_reader(sys.stdin.fileno(), typed)
    except (OSError, ValueError):  # a file, or nothing: no key will ever be pressed
        return
    try:
        await closed.wait()
        done.set()
    finally:
        loop.remove_reader(sys.stdin.fileno())
