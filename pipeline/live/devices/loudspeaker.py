"""The interface of loudspeakers: the sound device, a folder or the page."""

from __future__ import annotations

from typing import Protocol

from ...types import Samples
from ..reports import Heard


class Loudspeaker(Protocol):
    """Takes one utterance after another, piece by piece."""

    async def play(self, heard: Heard, samples: Samples, sample_rate: int) -> None:
        """Take in the next piece of an utterance, float32 [t]; return when the next one may come.

        Raises:
            DeviceError: it is gone.
        """
        ...

    async def finish(self, heard: Heard) -> None:
        """Take in that an utterance is complete."""
        ...

    async def stop(self) -> None:
        """Discard the sound that was taken in and has not been played."""
        ...

    async def close(self) -> None:
        """Play the sound that was taken in, and end."""
        ...
