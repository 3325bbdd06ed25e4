"""The interface of a conversation for devices and front ends."""

from __future__ import annotations

from typing import Protocol

from ...types import Samples
from ..wire.messages import Status


class Controls(Protocol):
    """A conversation as a microphone, a key or a page sees it."""

    @property
    def is_hands_free(self) -> bool:
        """Whether it always listens."""
        ...

    @property
    def is_pressed(self) -> bool:
        """Whether it listens just now."""
        ...

    @property
    def is_playing(self) -> bool:
        """Whether the peer is being heard just now."""
        ...

    def press(self) -> None:
        """Begin to listen."""
        ...

    def release(self) -> None:
        """Stop listening, and send what was said."""
        ...

    def hear(self, samples: Samples, captured_at_s: float | None = None) -> None:
        """Take in sound, float32 [t] at 16 kHz. `captured_at_s`: monotonic time of the last sample; now if None."""
        ...

    def device(self, status: Status, missing: bool, detail: str = "") -> None:
        """Take in that a device is missing, or is back."""
        ...
