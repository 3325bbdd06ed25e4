"""Recordings: a tenth of a second of speech-like sound in every container, damaged in its header and in its body."""

from __future__ import annotations

import importlib
import io
import os
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import soundfile
from speechzip.pipeline import AudioError, open_recording

from .mutation import fix_flac_checksums, fix_ogg_checksums
from .target import Target

RATE = 8000
SOUND = (0.4 * np.sin(np.arange(RATE // 10) / 3 + np.sin(np.arange(RATE // 10) / 40))).astype(np.float32)
LONGEST_S = 25 * 3600.0
KINDS = {
    "WAV": [("WAV", "PCM_16"), ("WAV", "ULAW"), ("WAV", "IMA_ADPCM"), ("WAVEX", "FLOAT"), ("RF64", "PCM_16"),
            ("W64", "PCM_16"), ("AIFF", "PCM_16"), ("AU", "PCM_16"), ("CAF", "ALAC_16"),
            ("NIST", "PCM_16"), ("MAT4", "PCM_16"), ("MAT5", "PCM_16"), ("VOC", "PCM_16"), ("SVX", "PCM_16"),
            ("AVR", "PCM_16"), ("MPC2K", "PCM_16")],
    "MP3": [("MP3", "MPEG_LAYER_III")],
    "FLAC": [("FLAC", "PCM_16")],
    "Ogg": [("OGG", "VORBIS"), ("OGG", "OPUS")],
}  # fmt: skip
"""Name of a target -> libsndfile's formats."""
NOT_STEREO = ("SVX", 2)
"""8SVX has one channel only."""
MEDIA = [
    ("mp4", "aac"), ("adts", "aac"), ("matroska", "libopus"), ("asf", "wmav2"), ("mov", "alac"), ("avi", "pcm_s16le"),
    ("mpegts", "mp2"), ("caf", "alac"), ("wv", "wavpack"),
]  # fmt: skip
"""FFmpeg's containers and codings."""


def _read(data: bytes) -> None:
    """Read a recording twice, as `compress` may. The libraries print nothing meanwhile."""
    with tempfile.TemporaryFile() as printed:
        kept = os.dup(2)
        os.dup2(printed.fileno(), 2)
        try:
            _read_twice(data)
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            printed.seek(0)
            assert not (text := printed.read()), text


def _read_twice(data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recording = open_recording(io.BytesIO(data))
        lengths: list[int] = []
        for _ in range(2):
            length = 0
            for block in recording.blocks():
                assert block.dtype == np.float32
                assert block.shape[1] == recording.channels <= 32
                assert np.isfinite(block).all()
                length += len(block)
            lengths.append(length)
    assert lengths[0] == lengths[1] <= LONGEST_S * recording.sample_rate


def _written(kind: str, subtype: str, channels: int) -> bytes:
    buffer = io.BytesIO()
    sound = np.repeat(SOUND[:, None], channels, axis=1)
    with soundfile.SoundFile(buffer, "w", RATE, channels, subtype, format=kind) as file:
        file.write(sound)
    return buffer.getvalue()


def _encoded(container: str, codec: str) -> bytes:
    av: Any = importlib.import_module("av")  # the extra `media`
    buffer = io.BytesIO()
    rate = 48000 if codec == "libopus" else 16000
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(SOUND[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        resampler = av.AudioResampler(stream.format, "mono", rate, frame_size=stream.frame_size or 1024)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def _with_lengths(recording: bytes) -> list[bytes]:
    """Return WAV files with the header lengths of recorders and pipes, and two joined files."""
    at = recording.find(b"data") + 4
    lengths = [length.to_bytes(4, "little") for length in (0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)]
    return [recording[:at] + length + recording[at + 4 :] for length in lengths] + [recording + recording]


def _seeds(name: str) -> list[bytes]:
    seeds = [
        _written(*kind, channels) for kind in KINDS[name] for channels in (1, 2) if (kind[0], channels) != NOT_STEREO
    ]
    if name == "WAV":
        return seeds + _with_lengths(seeds[0])
    in_wav = [_encoded("wav", "libmp3lame")] if name == "MP3" else []
    return [*seeds, *in_wav, seeds[0] + seeds[1], b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + seeds[0]]


def recording_targets() -> dict[str, Target]:
    """Return the targets of this module by name."""
    repairs: dict[str, Callable[[bytes], bytes]] = {"Ogg": fix_ogg_checksums, "FLAC": fix_flac_checksums}
    shares = {"WAV": 0.04, "MP3": 0.04, "FLAC": 0.03, "Ogg": 0.04}
    found = {
        name: Target(_read, _seeds(name), repairs.get(name), AudioError, 60.0, share, max_bytes=16384)
        for name, share in shares.items()
    }
    media = [_encoded(*kind) for kind in MEDIA]
    return found | {"media (PyAV)": Target(_read, media, None, AudioError, 60.0, 0.05, max_bytes=16384)}
