"""Show before sending: each utterance waits a moment in which its speaker can drop it.

released --> words --> Review --> [review_s] --> sent
                          `--> drop: it never leaves; say it again
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ..reports import Observer, Review, Reviewed
from .transcriber import OutgoingUtterance

UNSURE_CONFIDENCE = 0.75
"""Below this an utterance is unsure. Some 50 of 217 segments lie lower, of meetings, telephones and accents."""
MAX_REVIEW_S = 60.0


@dataclass(frozen=True, slots=True)
class _Held:
    number: int
    send: Callable[[], None]
    timer: asyncio.TimerHandle


class Reviewing:
    """The utterances under review. All calls come from the event loop's thread."""

    def __init__(self, observe: Observer) -> None:
        self._observe = observe
        self._seconds = 0.0
        self._held: dict[int, _Held] = {}  # in order
        self._count = 0

    def __len__(self) -> int:
        """Return how many are under review."""
        return len(self._held)

    def set_seconds(self, seconds: float) -> None:
        """Set how long further utterances are held, at most `MAX_REVIEW_S`; 0 holds none."""
        self._seconds = min(max(seconds, 0.0), MAX_REVIEW_S)

    def hold(self, utterance: OutgoingUtterance, send: Callable[[], None]) -> None:
        """Show an utterance, and call `send` once its time is over and those before it are sent."""
        if not self._seconds:
            self._send_all()
            send()
            return
        self._count += 1
        number = self._count
        timer = asyncio.get_running_loop().call_later(self._seconds, self._send_until, number)
        self._held[number] = _Held(number, send, timer)
        unsure = utterance.unread is not None or utterance.confidence < UNSURE_CONFIDENCE
        self._observe(Review(number, utterance.text, self._seconds, unsure, utterance.unsure_words))

    def drop(self) -> None:
        """Drop all that are under review."""
        for held in self._take(self._count):
            self._observe(Reviewed(held.number, dropped=True))

    def _send_all(self) -> None:
        self._send_until(self._count)

    def _send_until(self, number: int) -> None:
        for held in self._take(number):
            self._observe(Reviewed(held.number, dropped=False))
            held.send()

    def _take(self, last: int) -> list[_Held]:
        """Remove and return what is held, up to a number, in order."""
        taken = [held for held in self._held.values() if held.number <= last]
        for held in taken:
            held.timer.cancel()
            del self._held[held.number]
        return taken
