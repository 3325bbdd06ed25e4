"""Speech into a sound file, block by block.

libsndfile writes to the file's descriptor directly: it can seek back to the header, and Ctrl-C cannot interrupt Python
code in between. An output that cannot seek (a pipe, standard output) receives a copy of the finished temporary file,
so its header is right, too.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, TypedDict

import soundfile

from .decompression import render
from .errors import OutputError
from .protocols import MAX_UTTERANCE_S, Progress, Synthesizer
from .types import Payload, Samples

AUDIO_FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
"""Suffix -> libsndfile's names for container and coding."""


COPY_BYTES = 1 << 20

MAX_WAV_BYTES = (1 << 32) - (1 << 16)
"""Limit of WAV's 32-bit lengths, minus room for its chunks; beyond it the container is RF64 (EBU 3306)."""


class WrittenSpeech(TypedDict):
    """The fields of `decompress --json`, besides the names of the files."""

    duration_s: float
    channels: int
    sample_rate: int
    synthesizer: str
    elapsed_s: float
    real_time_factor: float


def audio_format(path: Path) -> tuple[str, str]:
    """Return container and coding for the suffix of `path`: WAV for none (a pipe, a device).

    Raises:
        OutputError: no sound file has that suffix.
    """
    if path.suffix == "":
        return AUDIO_FORMATS[".wav"]
    try:
        return AUDIO_FORMATS[path.suffix.lower()]
    except KeyError:
        known = " ".join(AUDIO_FORMATS)
        raise OutputError(f"{path}: sound cannot be written as {path.suffix!r}; choose one of {known}") from None


def write_speech(
    file: BinaryIO,
    container: tuple[str, str],
    payload: Payload,
    synthesizer: Synthesizer,
    progress: Progress | None = None,
    size: int | None = None,
) -> WrittenSpeech:
    """Synthesize `payload` into `file` in constant memory; return duration and time.

    Args:
        file: writable; the finished sound file is copied to one that cannot be read back, such as a pipe.
        container: what `audio_format` returns; a WAV file that could pass 4 GiB is RF64.
        payload: with its references resolved, see `with_voices`.
        synthesizer: speaks.
        progress: called with the seconds done and the total.
        size: the payload's bytes, which bound the work, if they are known.

    Raises:
        InputError: the payload asks for more work than `speech_work` allows.
        EngineError: the synthesizer fails.
        OutputError: the disk is full.
    """
    started = time.monotonic()
    rate = synthesizer.sample_rate
    name, coding = container
    most_bytes = (payload.duration_s + MAX_UTTERANCE_S) * rate * payload.channels * 2
    if name == "WAV" and most_bytes > MAX_WAV_BYTES:
        name = "RF64"
    speech = render(payload, synthesizer, progress, size)
    if _has_descriptor(file) and file.readable():
        frames = _write(file, (name, coding), speech, rate, payload.channels)
    else:
        with tempfile.TemporaryFile() as whole:
            frames = _write(whole, (name, coding), speech, rate, payload.channels)
            whole.seek(0)
            shutil.copyfileobj(whole, file, COPY_BYTES)
    elapsed_s = time.monotonic() - started
    return {
        "duration_s": frames / rate,
        "channels": payload.channels,
        "sample_rate": rate,
        "synthesizer": synthesizer.name,
        "elapsed_s": round(elapsed_s, 3),
        "real_time_factor": round(elapsed_s / max(frames / rate, 1e-3), 4),
    }


def _write(
    file: BinaryIO,
    container: tuple[str, str],
    speech: Iterable[Samples],
    rate: int,
    channels: int,
) -> int:
    """Write blocks of speech as a sound file from the start of `file`; return how many frames it has."""
    name, coding = container
    frames = 0
    try:
        with soundfile.SoundFile(file.fileno(), "w", rate, channels, coding, format=name, closefd=False) as sound:
            for block in speech:
                sound.write(block)
                frames += len(block)
    except (soundfile.LibsndfileError, AssertionError) as error:  # soundfile asserts that all was written
        raise OutputError(
            f"the sound cannot be written ({str(error).strip() or 'not all of it'}): the disk is full or limits "
            "the size of a file; choose another place"
        ) from error
    return frames


def _has_descriptor(file: BinaryIO) -> bool:
    try:
        file.fileno()
    except io.UnsupportedOperation:  # a file in memory
        return False
    return True
