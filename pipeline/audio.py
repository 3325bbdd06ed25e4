"""Recordings in and out: any file that libsndfile reads, in blocks, at the engines' rate."""

from __future__ import annotations

import io
import struct
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import soundfile
import soxr

from .errors import AudioError
from .protocols import ENGINE_SAMPLE_RATE
from .types import Audio, Samples

BLOCK_S = 1.0
"""Length of the blocks in which a recording is read: keeps memory flat."""

MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 1_000, 768_000
"""Rates in Hz outside of which a header is not believed."""

UNKNOWN_SIZES = (0, 0xFFFFFFFF, 0x7FFFF000)
"""What recorders write into a WAV header when they stream and cannot know the length."""

AudioSource = str | Path | BinaryIO | Audio
"""What can be compressed: a path, an open binary file that can seek, or samples."""


class Recording(Protocol):
    """A recording that can be read through, as often as wanted, in flat memory."""

    name: str
    sample_rate: int
    channels: int
    duration_s: float
    size_bytes: int

    def blocks(self) -> Iterator[Samples]:
        """Yield the recording from its start: float32 [t, channels] at `sample_rate`."""
        ...


class MemoryRecording:
    """A recording over samples that are already in memory."""

    def __init__(self, audio: Audio) -> None:
        if audio.samples.ndim not in (1, 2) or audio.sample_rate < MIN_SAMPLE_RATE:
            raise AudioError(
                f"samples of shape {audio.samples.shape} at {audio.sample_rate} Hz are not a recording; "
                f"wanted [T] or [T, channels] at {MIN_SAMPLE_RATE} Hz or more"
            )
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
            yield _checked(block, self.name)


class FileRecording:
    """A recording over a file that libsndfile can read: WAV, FLAC, OGG, MP3 and others."""

    def __init__(self, file: str | Path | BinaryIO) -> None:
        self._file = file
        self.name = str(file) if isinstance(file, (str, Path)) else "standard input"
        self.size_bytes = self._size()
        with self._open() as sound:
            self.sample_rate, self.channels, self.frames = sound.samplerate, sound.channels, sound.frames
        if not MIN_SAMPLE_RATE <= self.sample_rate <= MAX_SAMPLE_RATE:
            raise AudioError(f"{self.name}: a sample rate of {self.sample_rate} Hz is not a recording's")
        self.duration_s = self.frames / self.sample_rate
        if self.frames == 0:
            raise AudioError(f"{self.name} is empty: it has a header but no samples")
        self._refuse_cut_wav()

    def blocks(self) -> Iterator[Samples]:
        """Yield float32 [t, channels] from the start.

        Raises:
            AudioError: the file ends before its header says, or cannot be decoded.
        """
        frames_read = 0
        with self._open() as sound:
            while True:
                try:
                    block = sound.read(int(BLOCK_S * self.sample_rate), dtype="float32", always_2d=True)
                except soundfile.LibsndfileError as error:
                    raise self._cut_short(frames_read / self.sample_rate) from error
                if len(block) == 0:
                    break
                frames_read += len(block)
                yield _checked(block, self.name)
        if frames_read < self.frames:
            raise self._cut_short(frames_read / self.sample_rate)

    def _size(self) -> int:
        if isinstance(self._file, (str, Path)):
            path = Path(self._file)
            try:
                size = path.stat().st_size
            except OSError as error:
                raise AudioError(f"{path} cannot be read: {error.strerror or error}") from error
            if path.is_dir():
                raise AudioError(f"{path} is a folder; give an audio file, such as call.wav")
        else:
            size = self._file.seek(0, io.SEEK_END)
        if size == 0:
            raise AudioError(f"{self.name} is empty (0 bytes); give a WAV, FLAC, OGG or MP3 recording")
        return size

    @contextmanager
    def _open(self) -> Generator[soundfile.SoundFile]:
        if not isinstance(self._file, (str, Path)):
            self._file.seek(0)
        try:
            sound = soundfile.SoundFile(self._file if not isinstance(self._file, Path) else str(self._file))
        except (soundfile.LibsndfileError, OSError, TypeError) as error:
            raise AudioError(
                f"{self.name} is not audio that can be read ({_reason(error)}); give a WAV, FLAC, OGG or MP3 recording"
            ) from error
        with sound:
            yield sound

    def _refuse_cut_wav(self) -> None:
        """Compare a WAV header's promise with the file's length, which libsndfile silently trims to."""
        if isinstance(self._file, (str, Path)):
            with open(self._file, "rb") as file:
                missing = _missing_wav_bytes(file, self.size_bytes)
        else:
            self._file.seek(0)
            missing = _missing_wav_bytes(self._file, self.size_bytes)
        if missing > 0:
            raise self._cut_short(self.duration_s)

    def _cut_short(self, seconds: float) -> AudioError:
        return AudioError(
            f"{self.name} is cut short or damaged: its header promises more than the {seconds:.1f} s that can be "
            f"read; copy it again, or repair it first (sox --ignore-length in.wav out.wav)"
        )


def open_recording(source: AudioSource) -> Recording:
    """Return a recording to read through in blocks.

    Raises:
        AudioError: `source` is not audio, is empty or cut short.
    """
    return MemoryRecording(source) if isinstance(source, Audio) else FileRecording(source)


class Resampler:
    """Bring a stream of blocks to the engines' 16 kHz, without a shift in time."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._stream = (
            None
            if sample_rate == ENGINE_SAMPLE_RATE
            else soxr.ResampleStream(sample_rate, ENGINE_SAMPLE_RATE, channels, dtype="float32", quality="HQ")
        )
        self._channels = channels

    def push(self, block: Samples, last: bool = False) -> Samples:
        """Return what can be had at 16 kHz by now: float32 [t, channels] of a block of the same shape."""
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


def _checked(block: Samples, name: str) -> Samples:
    if not np.isfinite(block).all():
        raise AudioError(f"{name} has samples that are no numbers (NaN or infinity); export it again as 16-bit WAV")
    return block


def _reason(error: Exception) -> str:
    reason = error.error_string if isinstance(error, soundfile.LibsndfileError) else str(error)
    return reason.rstrip(".")


def _missing_wav_bytes(file: BinaryIO, size_bytes: int) -> int:
    """Return how many bytes of the data chunk a RIFF WAVE file promises but lacks; 0 for any other file."""
    riff, _, wave = struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))
    if (riff, wave) != (b"RIFF", b"WAVE"):
        return 0
    while len(header := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", header)
        if name == b"data":
            return 0 if length in UNKNOWN_SIZES else max(0, file.tell() + length - size_bytes)
        file.seek(length + length % 2, io.SEEK_CUR)  # chunks are padded to an even length
    return 0
