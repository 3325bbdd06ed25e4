"""The interface of loudspeakers: the sound device, a folder or the page."""

from __future__ import annotations

from typing import Protocol

from ...types import Samples
from ..reports import Heard


class Loudspeaker(Protocol):
    """Takes one utterance after another, piece by piece."""

    async def play(self, heard: Heard, samples: Samples, sample_rate: int) -> None:
        """Take the next piece of an utterance, float32 [t]; return when there is room for another one.

        Raises:
            DeviceError: it is gone.
        """
        ...

    async def finish(self, heard: Heard) -> None:
        """End the utterance: it is complete."""
        ...

    async def stop(self) -> None:
        """Discard the sound that has not been played."""
        ...

    async def close(self) -> None:
        """Play the remaining sound, and end."""
        ...
