"""The sound of an input device: a queue that a thread of PortAudio fills."""

from __future__ import annotations

import queue
from typing import Any

import numpy as np

from ..audio.reading import Resampler
from ..errors import DeviceError
from ..types import Samples
from .carrier import TICK_S

OVERFLOW_S = 0.1
"""Stands for the sound that a device has lost itself: it does not tell how much."""


class SoundInput:
    """The sound of a device while its stream is open."""

    def __init__(self, device: str, rate: int, most_blocks: int) -> None:
        """Begin with no sound.

        Args:
            device: its name in messages, such as "the microphone".
            rate: of the blocks that come out, in Hz.
            most_blocks: blocks that may wait; more are lost.
        """
        self._device, self._rate = device, rate
        self._blocks: queue.Queue[Samples] = queue.Queue(most_blocks)
        self._resampler: Resampler | None = None
        self.stream: Any = None
        """The stream that fills it, at the device's own rate; `take` is its callback."""
        self.lost_s = 0.0
        """Seconds of sound that are lost."""

    def take(self, block: Any, frames: int, _time: Any, status: Any) -> None:
        """Keep a block, float32 [t, 1]. Called in a thread of PortAudio."""
        if self._blocks.full():
            self.lost_s += frames / self.stream.samplerate
            return
        if status and status.input_overflow:
            self.lost_s += OVERFLOW_S
        self._blocks.put_nowait(np.array(block, np.float32))

    def next_block(self) -> Samples | None:
        """Return the next block, float32 [t]; None if there is none within `TICK_S`.

        Raises:
            DeviceError: the device has gone.
        """
        try:
            return self._resample(self._blocks.get(timeout=TICK_S))
        except queue.Empty:
            if not self.stream.active:
                raise DeviceError(f"{self._device} has stopped; is it still plugged in?") from None
            return None

    def drain(self) -> list[Samples]:
        """Return all blocks that wait."""
        waiting: list[Samples] = []
        while not self._blocks.empty():
            waiting.append(self._resample(self._blocks.get_nowait()))
        return waiting

    def _resample(self, block: Samples) -> Samples:
        self._resampler = self._resampler or Resampler(int(self.stream.samplerate), 1, self._rate)
        return self._resampler.push(block)[:, 0]
