"""Speech into a sound file, block by block."""

from __future__ import annotations

import time
from pathlib import Path
from typing import BinaryIO, TypedDict

import soundfile

from .decompression import render
from .errors import OutputError
from .protocols import Progress, Synthesizer
from .types import Payload

AUDIO_FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
"""Suffix -> libsndfile's names for container and coding."""


class WrittenSpeech(TypedDict):
    """What `decompress --json` prints, besides the names of the files."""

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
) -> WrittenSpeech:
    """Speak `payload` into `file` (writable, seekable) in flat memory; return what it took.

    Raises:
        EngineError: the synthesizer fails.
    """
    started = time.monotonic()
    rate = synthesizer.sample_rate
    frames = 0
    name, coding = container
    with soundfile.SoundFile(file, "w", rate, payload.channels, coding, format=name) as sound:
        for block in render(payload, synthesizer, progress):
            sound.write(block)
            frames += len(block)
    elapsed_s = time.monotonic() - started
    return {
        "duration_s": frames / rate,
        "channels": payload.channels,
        "sample_rate": rate,
        "synthesizer": synthesizer.name,
        "elapsed_s": round(elapsed_s, 3),
        "real_time_factor": round(elapsed_s / max(frames / rate, 1e-3), 4),
    }
