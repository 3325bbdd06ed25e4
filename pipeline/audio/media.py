"""Recordings that FFmpeg's libraries decode, through PyAV: M4A, WebM, 3GP, WMA, AAC, AMR, the sound of videos."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from ..errors import AudioError, SpeechzipWarning
from ..types import Samples
from .layout.containers import MAX_CHANNELS, Kind
from .layout.media_parts import media_layout
from .layout.splicing import ChunkedFile, Piece, SplicedFile
from .soundfiles import LONGEST_S, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, SourceFile, checked

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

LITTLE_S, LITTLE = 0.5, 0.01
"""Length and header disagree by more than a little: by more seconds than this, and by more than this share."""
MAX_TRACKS = 64
"""Most tracks of a recording."""
GUESSED = frozenset({"aac", "ac3", "amr"})
"""Demuxers of files without a length, which FFmpeg guesses from their size."""
MISREAD = frozenset({"speex"})
"""Codings that FFmpeg's own decoder misreads as sound of twice the length."""
MAX_DAMAGED = 1000
"""After this many damaged packets, the rest is not read."""


class MediaRecording:
    """A recording over a file of a `Kind` that libsndfile does not read; see `Recording`."""

    def __init__(self, source: SourceFile, kind: Kind) -> None:
        """Look at the file.

        Raises:
            AudioError: PyAV is not installed, or there is no sound in it that can be read.
        """
        self.name, self.size_bytes = source.name, source.size_bytes
        self._source, self._kind = source, kind
        self._damaged = 0
        self._told: set[str] = set()
        with source.opened() as file:
            try:
                layout = media_layout(ChunkedFile(file, source.size_bytes), kind.demuxer)
            except AudioError as error:
                raise AudioError(f"{self.name} {error}") from error
            self._pieces, self._remarks = layout.pieces, layout.remarks
            self._promised_s, first = 0.0, None
            for piece in self._pieces:
                with self._container(file, piece) as container:
                    stream = self._track(container)
                    self._promised_s += _promised_s(container, stream) or 0.0
                    first = first or next(self._frames(container, stream), None)
        if first is None:
            raise AudioError(f"{self.name} is empty or damaged: no sound can be decoded from it")
        self.sample_rate, self.channels = first.sample_rate, first.layout.nb_channels  # a header may be incomplete
        self._form = first.layout.name
        self._check(self.sample_rate, self.channels)
        self.duration_s = self._promised_s

    def blocks(self) -> Iterator[Samples]:
        """Yield float32 [t, channels] from the start, at `sample_rate`.

        Raises:
            AudioError: it cannot be decoded, or lasts longer than a payload can hold.
        """
        frames_read, self._damaged = 0, 0
        for block in self._decoded():
            frames_read += len(block)
            if frames_read > LONGEST_S * self.sample_rate:
                raise AudioError(f"{self.name} lasts longer than {LONGEST_S / 3600:.0f} h: split it into parts")
            yield checked(block, self.name)
        self.duration_s = frames_read / self.sample_rate
        promised_s, self._promised_s = self._promised_s, 0.0
        if promised_s and abs(promised_s - self.duration_s) > max(LITTLE_S, LITTLE * promised_s):
            self._remarks.append(f"has {self.duration_s:.1f} s of sound where its header promises {promised_s:.1f} s")
        if self._damaged:
            self._remarks.append(f"has {self._damaged} damaged packets, which are left out")
        for remark in self._remarks:
            self._tell(remark)
        self._remarks = []

    def _decoded(self) -> Iterator[Samples]:
        """Yield all decodable sound: float32 [t, channels] at `sample_rate`."""
        from av import AudioResampler

        with self._source.opened() as file:
            for piece in self._pieces:
                with self._container(file, piece) as container:
                    for _, frames in groupby(self._frames(container, self._track(container)), _form):
                        resampler = AudioResampler("flt", self._form, self.sample_rate)
                        for frame in frames:
                            frame.pts = None  # the resampler takes no jumps in time
                            yield from self._blocks(resampler.resample(frame))
                        yield from self._blocks(resampler.resample(None))

    def _frames(self, container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
        """Yield decoded frames; damaged packets are counted."""
        from av.error import EOFError as EndOfFile
        from av.error import FFmpegError

        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
                frames = [] if packet is None else cast("list[AudioFrame]", packet.decode())  # a packet of sound
            except EndOfFile:
                return
            except (FFmpegError, LookupError, MemoryError):  # PyAV has no place for a track that comes later
                self._damaged += 1
                if self._damaged > MAX_DAMAGED:
                    return
                packets = container.demux(stream)  # goes on behind it
                continue
            if packet is None:
                return
            for frame in frames:
                self._check(frame.sample_rate, frame.layout.nb_channels)
                yield frame

    def _blocks(self, frames: Iterable[AudioFrame]) -> Iterator[Samples]:
        for frame in frames:
            # Not planes: PyAV reads past the eighth, and crashes.
            yield np.asarray(frame.to_ndarray(), np.float32).reshape(-1, self.channels)

    def _tell(self, remark: str) -> None:
        """Warn once, however often the recording is read."""
        if remark not in self._told:
            self._told.add(remark)
            warnings.warn(f"{self.name} {remark}", SpeechzipWarning, stacklevel=3)

    @contextmanager
    def _container(self, file: BinaryIO, piece: Piece) -> Generator[InputContainer]:
        """Open the file with the demuxer for its first bytes and no other: a playlist could name other files."""
        try:
            import av
            from av.error import FFmpegError
        except ImportError as error:
            raise AudioError(
                f"{self.name} is {self._kind.name}, which needs PyAV (pip install 'speechzip[media]'); "
                f"or convert it: {_ffmpeg_line(self.name)}"
            ) from error
        try:
            file.seek(0)
            opened = file if piece.parts is None else SplicedFile(file, piece.parts)
            container = av.open(opened, "r", format=self._kind.demuxer)
        except (FFmpegError, ValueError, OSError) as error:
            raise AudioError(
                f"{self.name} looks like {self._kind.name} but is cut short or damaged: {_reason(error)}"
            ) from error
        with container:
            yield container

    def _track(self, container: InputContainer) -> AudioStream:
        """Return the first track with decodable sound."""
        tracks = [track for track in container.streams.audio if _can_be_decoded(track)]
        if not tracks:
            what = "pictures but no sound" if container.streams.video else "no sound"
            raise AudioError(f"{self.name} is {self._kind.name} with {what} in it")
        if len(container.streams) > MAX_TRACKS:
            raise AudioError(f"{self.name} has {len(container.streams)} tracks; a recording has at most {MAX_TRACKS}")
        if tracks[0].codec_context.name in MISREAD:
            raise AudioError(f"{self.name} is Speex, which PyAV misreads; convert it: {_ffmpeg_line(self.name)}")
        if len(tracks) > 1:
            self._remarks.append(f"has {len(tracks)} tracks of sound; the first is taken")
        if tracks[0].codec_context.channels > MAX_CHANNELS:
            self._check(MIN_SAMPLE_RATE, tracks[0].codec_context.channels)
        return tracks[0]

    def _check(self, sample_rate: int, channels: int) -> None:
        if not 1 <= channels <= MAX_CHANNELS:
            raise AudioError(f"{self.name} has {channels} channels; a recording has at most {MAX_CHANNELS}")
        if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
            raise AudioError(
                f"{self.name} has a sample rate of {sample_rate} Hz; "
                f"a recording has {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz"
            )


def _can_be_decoded(track: AudioStream) -> bool:
    context = cast(object, track.codec_context)  # None if FFmpeg lacks the decoder, despite PyAV's types
    return context is not None


def _form(frame: AudioFrame) -> tuple[int, str, str]:
    """Return the format that a resampler is made for."""
    return frame.sample_rate, frame.layout.name, frame.format.name


def _promised_s(container: InputContainer, stream: AudioStream) -> float | None:
    """Return the track's length by its header; None if that is missing, impossible or a guess."""
    length = None
    if container.format.name in GUESSED:
        return None
    if stream.duration and stream.time_base:
        length = float(stream.duration * stream.time_base)
    elif container.duration and len(container.streams) == 1:
        length = container.duration / 1_000_000
    return length if length and 0 < length < 100 * LONGEST_S else None


def _ffmpeg_line(name: str) -> str:
    return f"ffmpeg -i {shlex.quote(name)} {shlex.quote(str(Path(name).with_suffix('.wav').name))}"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
