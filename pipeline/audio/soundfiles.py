"""Recordings that libsndfile decodes: WAV, FLAC, OGG, MP3 and others."""

from __future__ import annotations

import io
import os
import threading
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import soundfile
import soxr

from ..console.display import shown_name
from ..errors import AudioError, SpeechzipWarning
from ..types import Samples
from .downmix import downmix
from .layout.containers import MAX_CHANNELS, layout_of
from .layout.fixed_headers import LITTLE_BYTES
from .layout.splicing import Piece, SplicedFile
from .spooling import spool_unless_file

BLOCK_S = 1.0
"""Length of the blocks in which a recording is read: keeps memory flat."""
MAX_BLOCK_VALUES = 1 << 21
"""Most numbers in a block: 8 MB of many channels at a high rate."""
MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 1_000, 768_000
"""Range of plausible sample rates, in Hz."""
MAX_PEAK = 64.0
"""36 dB above full scale: editors keep some sound above it in floating point, and nobody so much."""
LONGEST_S = 25 * 3600.0
"""Longest recording that is read: a payload holds a day, and some headers have no length."""

SAMPLERS = frozenset({"XI", "SDS"})
"""Formats of instruments. libsndfile guesses the sample rate of XI, and fills what a cut SDS lacks with silence."""

_stderr_lock = threading.Lock()


UNKNOWN_FORMAT = ("Format not recogni", "File does not exist")
"""What libsndfile says of content that it cannot make out; the latter of a few bytes that look like MP3."""


class NotSoundError(AudioError):
    """libsndfile cannot read the file; another library may."""


class SourceFile:
    """A file that can be read from its start any number of times."""

    def __init__(self, source: str | Path | BinaryIO) -> None:
        """Take a path, or an open binary file that can seek.

        Raises:
            AudioError: it cannot be read, or is empty.
        """
        is_path = isinstance(source, (str, Path))
        self.name = shown_name(source) if isinstance(source, (str, Path)) else "standard input"
        self._file = spool_unless_file(source) if isinstance(source, (str, Path)) else source
        try:
            with self.opened() as file:
                file.seek(0, io.SEEK_END)
                self.size_bytes = file.tell()
        except AudioError:
            raise
        except (OSError, ValueError) as error:  # a file that is closed, or cannot seek
            raise AudioError(f"{self.name} cannot be read: {error}; give a seekable binary file") from error
        if self.size_bytes == 0:
            what = f"{self.name} is empty (0 bytes)" if is_path else "the input is empty (0 bytes)"
            raise AudioError(f"{what}; give a WAV, FLAC, OGG or MP3 recording")

    @contextmanager
    def opened(self) -> Generator[BinaryIO]:
        """Open the file for one reading."""
        if not isinstance(self._file, (str, Path)):
            self._file.seek(0)
            yield self._file
            return
        try:
            file = open(self._file, "rb")  # noqa: SIM115  # closed below; only opening it can fail in this way
        except OSError as error:
            raise AudioError(f"{self.name} cannot be read: {error.strerror or error}") from error
        with file:
            yield file


class SoundFileRecording:
    """A recording over a file that libsndfile can read; see `Recording`."""

    def __init__(self, source: SourceFile) -> None:
        """Look at the file.

        Raises:
            NotSoundError: libsndfile cannot read it.
            AudioError: it is cut short, empty or absurd.
        """
        self._source = source
        self.name, self.size_bytes = source.name, source.size_bytes
        with source.opened() as file:
            try:
                layout = layout_of(file, source.size_bytes)
            except AudioError as error:
                raise AudioError(f"{self.name} {error}") from error
            self._pieces, self._remarks = layout.pieces, layout.remarks
            self._told: set[str] = set()
            lengths: dict[tuple[int, int], float] = {}
            for piece in self._pieces:
                with self._open(piece, file) as sound:
                    self._check(sound)
                    form = sound.samplerate, sound.channels
                    length_s = sound.frames / sound.samplerate if piece.guessed_s is None else piece.guessed_s
                    lengths[form] = lengths.get(form, 0.0) + length_s
        self.sample_rate, self.channels = max(lengths, key=lengths.__getitem__)
        self.duration_s = sum(lengths.values())
        if self.duration_s == 0:
            what = "is empty: it has a header but no samples"
            if self._remarks:  # such as a page of Ogg that is cut
                what = f"has a header but no samples that can be read; it {'; it '.join(self._remarks)}"
            raise AudioError(f"{self.name} {what}")

    def blocks(self) -> Iterator[Samples]:
        """Yield float32 [t, channels] from the start, at `sample_rate`.

        Raises:
            AudioError: the file ends before its header says, or cannot be decoded.
        """
        for remark in self._remarks:
            self._tell(remark)
        frames_read = 0
        with self._source.opened() as file:
            for piece in self._pieces:
                with self._open(piece, file) as sound:
                    for block in self._fitted(self._read(sound, piece), sound.samplerate):
                        frames_read += len(block)
                        if frames_read > LONGEST_S * self.sample_rate:
                            raise AudioError(
                                f"{self.name} lasts longer than {LONGEST_S / 3600:.0f} h: split it into parts"
                            )
                        yield block
        self.duration_s = frames_read / self.sample_rate  # replaces the header's guess

    def _read(self, sound: _Sequential, piece: Piece) -> Iterator[Samples]:
        """Yield all of a piece: float32 [t, channels] at its own rate."""
        length = max(1, min(int(BLOCK_S * sound.samplerate), MAX_BLOCK_VALUES // sound.channels))
        # FLAC's decoder takes what lies behind the sound for a damaged frame, so it must not get there.
        most = sound.frames if sound.format == "FLAC" and not piece.is_open_ended else None
        frames_read, is_whole = 0, True
        while is_whole and (most is None or frames_read < most):
            wanted = length if most is None else min(length, most - frames_read)
            block, is_whole = self._block(sound, piece, wanted, frames_read)
            if len(block) == 0:
                break
            frames_read += len(block)
            if sound.subtype not in ("FLOAT", "DOUBLE"):
                np.clip(block, -MAX_PEAK, MAX_PEAK, out=block)  # a damaged code may decode to anything
            yield checked(block, self.name)
        if frames_read < sound.frames and not piece.is_open_ended:
            raise self._cut_short(frames_read / sound.samplerate)
        if piece.reaches_end and sound.spliced.left > LITTLE_BYTES:
            self._tell(f"has {sound.spliced.left} bytes or more after its sound, which are left out")

    def _block(self, sound: _Sequential, piece: Piece, length: int, frames_read: int) -> tuple[Samples, bool]:
        """Return the next samples, at most `length`, and whether the decoder can go on behind them."""
        block = np.full((length, sound.channels), np.nan, np.float32)
        try:
            with _quiet() if sound.subtype.startswith("MPEG") else nullcontext():  # also in a WAV file
                return sound.read(out=block), True
        except soundfile.LibsndfileError as error:
            good = block[: np.count_nonzero(~np.isnan(block[:, 0]))]
            seconds = (frames_read + len(good)) / sound.samplerate
            # A FLAC stream of unknown length ends where no frame follows, such as before a tag.
            is_end = piece.is_open_ended and sound.format == "FLAC" and sound.spliced.left <= LITTLE_BYTES
            if not is_end or not seconds:
                raise self._cut_short(seconds) from error
            self._tell(f"has no more sound that can be decoded after {seconds:.1f} s: something else, or a cut frame")
            return good, False

    def _fitted(self, blocks: Iterator[Samples], sample_rate: int) -> Iterator[Samples]:
        """Yield the blocks of a piece at the rate and with the channels of the recording."""
        stream = None
        for block in blocks:
            if block.shape[1] != self.channels:
                mono = downmix(block)[:, None]
                block = np.repeat(mono, self.channels, axis=1)
            if sample_rate == self.sample_rate:
                yield block
                continue
            stream = stream or soxr.ResampleStream(sample_rate, self.sample_rate, self.channels, "float32", "HQ")
            yield stream.resample_chunk(block).reshape(-1, self.channels)
        if stream:
            rest = stream.resample_chunk(np.zeros((0, self.channels), np.float32), last=True)
            yield rest.reshape(-1, self.channels)

    @contextmanager
    def _open(self, piece: Piece, file: BinaryIO) -> Generator[_Sequential]:
        # Not the file itself: libsndfile may seek to before its start, and an exception in there is printed.
        opened = SplicedFile(file, piece.parts or [range(self.size_bytes)])
        try:
            with _quiet():
                sound = _Sequential(opened)
        except (soundfile.LibsndfileError, OSError, TypeError) as error:
            reason = _reason(error)
            if any(words in reason for words in UNKNOWN_FORMAT):
                reason = "whatever its name says, it holds no sound in a known format"
            raise NotSoundError(
                f"{self.name} is not audio that can be read ({reason}); give a WAV, FLAC, OGG or MP3 recording"
            ) from error
        with sound:
            yield sound

    def _check(self, sound: soundfile.SoundFile) -> None:
        if not MIN_SAMPLE_RATE <= sound.samplerate <= MAX_SAMPLE_RATE:
            raise AudioError(
                f"{self.name} has a sample rate of {sound.samplerate} Hz; "
                f"a recording has {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz"
            )
        if sound.format in SAMPLERS:
            raise AudioError(f"{self.name} is an instrument for a sampler ({sound.format}) and no recording")
        if sound.channels > MAX_CHANNELS:
            raise AudioError(f"{self.name} has {sound.channels} channels; a recording has at most {MAX_CHANNELS}")

    def _tell(self, remark: str) -> None:
        """Warn of a remark, once however often the recording is read."""
        if remark not in self._told:
            self._told.add(remark)
            warnings.warn(f"{self.name} {remark}", SpeechzipWarning, stacklevel=3)

    def _cut_short(self, seconds: float) -> AudioError:
        return AudioError(
            f"{self.name} is cut short or damaged: its header promises more than the {seconds:.1f} s that can be "
            "read; copy it again, or repair it first (ffmpeg -i in -c copy out)"
        )


class _Sequential(soundfile.SoundFile):
    """A sound file that is read from start to end.

    soundfile seeks after each block of a file that can. In an MP3 that loses a frame each time, and libmpg123
    complains of it on standard error.
    """

    def __init__(self, spliced: SplicedFile) -> None:
        super().__init__(cast(Any, spliced))
        self.spliced = spliced

    def seekable(self) -> bool:
        """Tell soundfile that the file cannot seek."""
        return False


@contextmanager
def _quiet() -> Generator[None]:
    """Keep libmpg123 from printing messages about damaged frames; libsndfile has no other switch for it."""
    with _stderr_lock:
        try:
            kept = os.dup(2)
        except OSError:  # there is no standard error
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)


def checked(block: Samples, name: str) -> Samples:
    """Return a block if all its samples are numbers, of the scale of sound.

    Raises:
        AudioError: one is not.
    """
    if not np.isfinite(block).all():
        raise AudioError(f"{name} has samples that are not numbers (NaN or infinity); export it again as 16-bit WAV")
    if (peak := float(np.abs(block).max(initial=0.0))) > MAX_PEAK:
        raise AudioError(
            f"{name} has samples up to {peak:.0f}, where full scale is 1: they look like integers that were stored as "
            f"floating-point numbers; divide them by {_full_scale(peak)}, or export it again as 16-bit WAV"
        )
    return block


def _full_scale(peak: float) -> int:
    """Return the full scale of integers of 16, 24 or 32 bits, whichever is the first to hold `peak`."""
    return next((1 << bits for bits in (15, 23) if peak <= 1 << bits), 1 << 31)


def _reason(error: Exception) -> str:
    reason = error.error_string if isinstance(error, soundfile.LibsndfileError) else str(error)
    return reason.rstrip(".")
