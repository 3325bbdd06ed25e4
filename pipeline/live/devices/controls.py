"""The interface of a conversation for devices and front ends."""

from __future__ import annotations

from typing import Protocol

from ...types import Samples
from ..wire.messages import Status


class Controls(Protocol):
    """The controls of a conversation, for a microphone, a key or a page."""

    @property
    def is_hands_free(self) -> bool:
        """Whether it always listens."""
        ...

    @property
    def is_pressed(self) -> bool:
        """Whether it listens now."""
        ...

    @property
    def is_playing(self) -> bool:
        """Whether an utterance of the peer is playing."""
        ...

    def press(self) -> None:
        """Begin to listen."""
        ...

    def release(self) -> None:
        """Stop listening, and send the last utterance."""
        ...

    def hear(self, samples: Samples, captured_at_s: float | None = None) -> None:
        """Take in sound.

        Args:
            samples: float32 [t] at 16 kHz; they follow those of the last call.
            captured_at_s: monotonic time of the last sample; now if None.
        """
        ...

    def set_review(self, seconds: float) -> None:
        """Show each utterance for this long before it is sent; 0 sends at once."""
        ...

    def drop_reviewed(self) -> None:
        """Drop the utterances that are shown and not sent yet."""
        ...

    def set_missing(self, status: Status, missing: bool, detail: str = "") -> None:
        """Take in that a device is missing, or is back: `NO_MICROPHONE` or `NO_LOUDSPEAKER`."""
        ...
