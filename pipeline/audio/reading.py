"""Recordings in: any file that libsndfile or FFmpeg reads, in blocks, at the engines' rate."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from numbers import Real
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import numpy as np
import numpy.typing as npt
import soxr

from ..errors import AudioError
from ..protocols import ENGINE_SAMPLE_RATE
from ..types import Audio, Samples
from .layout.containers import kind_of
from .soundfiles import BLOCK_S, NotSoundError, SoundFileRecording, SourceFile, checked
from .soundfiles import MAX_SAMPLE_RATE as MAX_SAMPLE_RATE  # the page in the browser asks for them, too
from .soundfiles import MIN_SAMPLE_RATE as MIN_SAMPLE_RATE

logger = logging.getLogger(__name__)

AudioSource = str | Path | BinaryIO | Audio
"""A source to compress: a path, a seekable binary file, or samples."""


class Recording(Protocol):
    """A recording that can be read any number of times in constant memory."""

    name: str
    sample_rate: int
    channels: int
    size_bytes: int

    @property
    def duration_s(self) -> float:
        """Length in seconds: of a header's word at first, exact once all was read."""
        ...

    def blocks(self) -> Iterator[Samples]:
        """Yield the recording from its start: float32 [t, channels] at `sample_rate`."""
        ...


class MemoryRecording:
    """A recording over samples that are already in memory."""

    def __init__(self, audio: Audio) -> None:
        _check_samples(audio.samples)
        _check_rate(audio.sample_rate)
        self.name = "audio"
        self.sample_rate = audio.sample_rate
        self.channels = audio.channels
        self.duration_s = audio.duration_s
        self.size_bytes = 44 + 2 * audio.samples.size  # as 16-bit WAV, to have a ratio
        if audio.samples.size == 0:
            raise AudioError("the audio is empty: it has no samples")
        self._samples = audio.samples.reshape(len(audio.samples), -1)

    def blocks(self) -> Iterator[Samples]:
        """Yield float32 [t, channels] from the start."""
        step = max(1, int(BLOCK_S * self.sample_rate))
        for start in range(0, len(self._samples), step):
            block = np.asarray(self._samples[start : start + step], np.float32)
            yield checked(block, self.name)


def _check_samples(samples: object) -> None:
    """Refuse what is no array of floating-point numbers, in the shape of sound.

    Raises:
        AudioError: it is none; for integers the message tells how to convert them.
    """
    if not isinstance(samples, np.ndarray):
        raise AudioError(f"the samples are a {type(samples).__name__}; wanted a NumPy array of float32")
    found = cast("npt.NDArray[np.generic]", samples)
    if found.ndim not in (1, 2):
        raise AudioError(f"samples of shape {found.shape} are not a recording; wanted [T] or [T, channels]")
    if found.dtype.kind in "iu":
        half = 1 << (8 * found.dtype.itemsize - 1)
        convert = f"subtract {half} and divide by {half}" if found.dtype.kind == "u" else f"divide them by {half}"
        raise AudioError(f"the samples are integers ({found.dtype}), and wanted are numbers from -1 to 1; {convert}")
    if found.dtype.kind != "f":
        raise AudioError(f"the samples are of type {found.dtype}; wanted float32")


def _check_rate(sample_rate: object) -> None:
    if not isinstance(sample_rate, Real) or not MIN_SAMPLE_RATE <= float(sample_rate) <= MAX_SAMPLE_RATE:
        raise AudioError(
            f"the samples have a rate of {sample_rate!r} Hz; a recording has {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz"
        )


def open_recording(source: AudioSource) -> Recording:
    """Return a recording to read through in blocks.

    Raises:
        AudioError: `source` is not audio, is empty or cut short, or needs a library that is not installed.
    """
    if isinstance(source, Audio):
        return MemoryRecording(source)
    _check_source(source)
    file = SourceFile(source)
    try:
        return _logged(SoundFileRecording(file))
    except NotSoundError:
        with file.opened() as opened:
            kind = kind_of(opened, file.size_bytes)
        if kind is None:
            raise
    if not kind.demuxer:
        raise AudioError(f"{file.name} is a {kind.name}; give a WAV, FLAC, OGG or MP3 recording")
    from .media import MediaRecording

    return _logged(MediaRecording(file, kind))


def _check_source(source: object) -> None:
    if isinstance(source, io.TextIOBase):
        raise AudioError("the recording is a file that was opened as text; open it with mode 'rb'")
    if not isinstance(source, (str, Path)) and not (hasattr(source, "read") and hasattr(source, "seek")):
        raise AudioError(
            f"a recording is a path, a seekable binary file such as io.BytesIO(data), or Audio, "
            f"not {type(source).__name__}"
        )


def _logged(recording: Recording) -> Recording:
    logger.debug(
        "%s: %d channels at %d Hz, %.1f s, by %s",
        recording.name, recording.channels, recording.sample_rate, recording.duration_s, type(recording).__name__,
    )  # fmt: skip
    return recording


class Resampler:
    """Bring a stream of blocks to another rate, by default the engines' 16 kHz, without a shift in time."""

    def __init__(self, sample_rate: int, channels: int, to_rate: int = ENGINE_SAMPLE_RATE) -> None:
        self._stream = (
            None
            if sample_rate == to_rate
            else soxr.ResampleStream(sample_rate, to_rate, channels, dtype="float32", quality="HQ")
        )
        self._channels = channels

    def push(self, block: Samples, last: bool = False) -> Samples:
        """Return the output so far: float32 [t, channels] of a block of the same shape."""
        if self._stream is None:
            return block
        resampled = self._stream.resample_chunk(block, last=last)
        return np.asarray(resampled, np.float32).reshape(-1, self._channels)

    def flush(self) -> Samples:
        """Return the rest of the stream: float32 [t, channels]."""
        return self.push(np.zeros((0, self._channels), np.float32), last=True)


def engine_blocks(recording: Recording) -> Iterator[Samples]:
    """Yield the recording at the engines' rate: float32 [t, channels] at 16 kHz."""
    resampler = Resampler(recording.sample_rate, recording.channels)
    for block in recording.blocks():
        yield resampler.push(block)
    yield resampler.flush()


def resample(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """Return mono `samples` (float32 [T] at `from_rate` Hz) at `to_rate` Hz."""
    if from_rate == to_rate or len(samples) == 0:
        return samples
    return np.asarray(soxr.resample(samples, from_rate, to_rate, quality="HQ"), np.float32)
