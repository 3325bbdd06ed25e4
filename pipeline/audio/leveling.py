"""Level and offset of a recording, corrected before speech detection.

A speech detector and a recognizer know speech at the levels of telephones and studios. Very quiet speech is silence to
them, and so is speech on a large constant offset, such as a sound card's or that of unsigned samples read as signed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..types import Samples
from .reading import Recording

FRAME_S = 0.032
MIN_OFFSET = 0.01
"""A smaller mean (40 dB below full scale) is left alone."""
QUIET_DB = -45.0
"""A quieter recording is amplified. From 10 dB lower on, Moonshine misreads words, and Silero misses first ones."""
NORMAL_DB = -26.0
"""Level of loud speech after amplification."""
MOST_GAIN_DB = 60.0
REMEMBERED_S = 10.0
"""Live sound is judged by this much of what came last."""
MIN_LIVE_OFFSET, MIN_LIVE_S = 0.02, 0.1
"""Shorter sound has a mean by chance."""
MOST_LIVE_GAIN_DB = 40.0
"""Less than in a recording: live, the first thing to be heard is often a room without speech."""
SILENCE_DB = -96.0
"""Below this a channel is empty, whatever its samples are."""

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Levels:
    """The result of a first reading of a recording, for each channel."""

    offset: Vector
    """Mean of the samples; 0 where it is small."""
    loud_db: Vector
    """Level that 5 % of the frames reach or exceed, relative to full scale."""

    @property
    def gain(self) -> Vector:
        """Return the factor for each channel by itself; 1 where it is loud enough, or empty."""
        return np.array([_gain(loud_db) for loud_db in self.loud_db])

    @property
    def common_gain(self) -> float:
        """Return the factor for the mix of all channels."""
        return _gain(float(self.loud_db.max()))


class SteadyRecording:
    """A recording without its constant offset; see `Recording`."""

    def __init__(self, recording: Recording, offset: Vector) -> None:
        self._recording = recording
        self._offset = offset.astype(np.float32)
        self.name, self.size_bytes = recording.name, recording.size_bytes
        self.sample_rate, self.channels = recording.sample_rate, recording.channels

    @property
    def duration_s(self) -> float:
        """Length in seconds; exact once all was read."""
        return self._recording.duration_s

    def blocks(self) -> Iterator[Samples]:
        """Yield float32 [t, channels] from the start."""
        for block in self._recording.blocks():
            yield block - self._offset


class SteadyStream:
    """Live sound without its constant offset, amplified while it is quiet.

    The past `REMEMBERED_S` decide, as the future is unknown: a loud sound ends the amplification at once, and quiet
    begins it once nothing loud is remembered.
    """

    def __init__(self, sample_rate: int) -> None:
        self._frame = max(1, round(FRAME_S * sample_rate))
        self._least, self._most = round(MIN_LIVE_S * sample_rate), round(REMEMBERED_S * sample_rate)
        self._blocks: deque[_Block] = deque()
        self._length = 0
        self._offset, self._gain = 0.0, 1.0  # at the end of the last block

    def push(self, samples: Samples) -> Samples:
        """Return the next block, float32 [t] in [-1, 1], corrected: the correction changes smoothly."""
        if not len(samples):
            return samples
        is_first = not self._blocks
        self._remember(samples)
        mean = sum(block.total for block in self._blocks) / self._length
        is_offset = abs(mean) >= MIN_LIVE_OFFSET and self._length >= self._least
        offset = mean if is_offset else 0.0
        gain = _gain(max(block.loudest_db for block in self._blocks), MOST_LIVE_GAIN_DB)
        before = (offset, gain) if is_first else (self._offset, min(self._gain, gain))
        self._offset, self._gain = offset, gain
        if before == (offset, gain) == (0.0, 1.0):
            return samples
        way = np.arange(1, len(samples) + 1) / len(samples)
        steady = samples - (before[0] + (offset - before[0]) * way)
        return np.clip(steady * (before[1] + (gain - before[1]) * way), -1.0, 1.0).astype(np.float32)

    def _remember(self, samples: Samples) -> None:
        frames = np.array_split(samples.astype(np.float64), -(-len(samples) // self._frame))
        power = max(float(frame.var()) for frame in frames)  # a frame's own mean is no sound
        loudest_db = 10 * float(np.log10(power + 10 ** (SILENCE_DB / 10)))
        self._blocks.append(_Block(len(samples), float(samples.sum(dtype=np.float64)), loudest_db))
        self._length += len(samples)
        while self._length - self._blocks[0].length >= self._most:
            self._length -= self._blocks.popleft().length


@dataclass(frozen=True, slots=True)
class _Block:
    length: int
    total: float
    """Sum of its samples."""
    loudest_db: float
    """Level of its loudest frame."""


def measure_levels(recording: Recording) -> Levels:
    """Return the offset and the level of each channel; reads all of the recording."""
    length = max(1, round(FRAME_S * recording.sample_rate))
    total, count = np.zeros(recording.channels), 0
    means: list[Vector] = []
    squares: list[Vector] = []
    for block in recording.blocks():
        samples = block.astype(np.float64)
        total += samples.sum(axis=0)
        count += len(samples)
        frames = samples[: len(samples) // length * length].reshape(-1, length, recording.channels)
        means.append(frames.mean(axis=1))
        squares.append(np.square(frames).mean(axis=1))
    mean = total / max(count, 1)
    offset = np.where(np.abs(mean) >= MIN_OFFSET, mean, 0.0)
    power = np.concatenate(squares) - 2 * offset * np.concatenate(means) + np.square(offset)
    if len(power) == 0:
        return Levels(offset, np.full(recording.channels, SILENCE_DB))
    loud = np.percentile(np.maximum(power, 0.0), 95, axis=0)
    return Levels(offset, 10 * np.log10(loud + 10 ** (SILENCE_DB / 10)))


def amplified(blocks: Iterable[Samples], gain: Vector | float) -> Iterator[Samples]:
    """Yield blocks, float32 [t, channels], times the gain of each channel, within [-1, 1]."""
    for block in blocks:
        yield block if np.all(gain == 1.0) else np.clip(block * np.float32(gain), -1.0, 1.0).astype(np.float32)


def _gain(loud_db: float, most_db: float = MOST_GAIN_DB) -> float:
    if loud_db >= QUIET_DB or loud_db <= SILENCE_DB + 3:
        return 1.0
    return float(10 ** (min(NORMAL_DB - loud_db, most_db) / 20))
