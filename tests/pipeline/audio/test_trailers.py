"""What lies behind the sound of a recording, such as a tag, costs none of it; if it is much, that is told once."""

from __future__ import annotations

import io
import struct
import warnings

import numpy as np
import pytest
import soundfile
from speechzip.pipeline import AudioError, SpeechzipWarning, open_recording

RATE = 16_000
FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "float": ("WAV", "FLOAT"),
    "rf64": ("RF64", "PCM_16"),
    "w64": ("W64", "PCM_16"),
    "aiff": ("AIFF", "PCM_16"),
    "caf": ("CAF", "PCM_16"),
    "au": ("AU", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "vorbis": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
RANDOM = np.random.default_rng(0).integers(0, 256, 200_000, np.uint8).tobytes()
ID3V1 = b"TAG" + b"A title".ljust(125, b"\0")
ITEM = struct.pack("<II", 7, 0) + b"Title\0A title"
APE_END = struct.pack("<4I8x", 2000, len(ITEM) + 32, 1, 0x80000000)
APE_START = struct.pack("<4I8x", 2000, len(ITEM) + 32, 1, 0xA0000000)
APE = b"APETAGEX" + APE_START + ITEM + b"APETAGEX" + APE_END
TRAILERS = {
    "ID3v1": ID3V1,
    "APE": APE,
    "APE and ID3v1": APE + ID3V1,
    "random": RANDOM[:5000],
    "zeros": bytes(5000),
    "text": b"Some words of a person.\n" * 20,
    "a byte": b"x",
}


def recorded(form: str, duration_s: float = 5.55) -> bytes:
    """Return a recording whose last second is not whole."""
    time_s = np.arange(int(duration_s * RATE)) / RATE
    sound = (0.3 * np.sin(2 * np.pi * 440 * time_s) + 0.1 * np.sin(2 * np.pi * 97 * time_s)).astype(np.float32)
    file = io.BytesIO()
    kind, subtype = FORMATS[form]
    soundfile.write(file, sound, RATE, subtype, format=kind)
    return file.getvalue()


def read(content: bytes) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], list[str]]:
    """Return all samples, and the warnings of reading them twice."""
    recording = open_recording(io.BytesIO(content))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", SpeechzipWarning)
        first = np.concatenate(list(recording.blocks()))
        assert len(np.concatenate(list(recording.blocks()))) == len(first)
    return first, [str(warning.message) for warning in told]


@pytest.mark.parametrize("trailer", TRAILERS)
@pytest.mark.parametrize("form", FORMATS)
def test_a_small_trailer_is_left_out(form: str, trailer: str) -> None:
    content = recorded(form)
    sound, nothing = read(content)
    assert nothing == []
    found, told = read(content + TRAILERS[trailer])
    np.testing.assert_array_equal(found, sound)
    assert len(told) <= 1


@pytest.mark.parametrize("form", FORMATS)
def test_a_large_trailer_is_told_once(form: str) -> None:
    content = recorded(form)
    found, told = read(content + RANDOM)
    assert len(found) == len(read(content)[0])
    assert len(told) == 1


def of_unknown_length(flac: bytes) -> bytes:
    """Return a FLAC file as a pipe leaves it: the 36 bits of the number of samples are 0."""
    return flac[:21] + bytes([flac[21] & 0xF0]) + bytes(4) + flac[26:]


@pytest.mark.parametrize("trailer", [ID3V1, RANDOM[:5000]])
def test_a_flac_stream_of_unknown_length_ends_before_a_tag(trailer: bytes) -> None:
    content = recorded("flac")
    found, told = read(of_unknown_length(content) + trailer)
    np.testing.assert_array_equal(found, read(content)[0])
    assert len(told) == 1
    assert "has no more sound that can be decoded after 5.5 s" in told[0]


def test_a_flac_stream_that_is_damaged_far_from_its_end_is_refused() -> None:
    content = of_unknown_length(recorded("flac", 60.0))
    middle = len(content) // 2
    with pytest.raises(AudioError, match="cut short or damaged"):
        read(content[:middle] + RANDOM[:3000] + content[middle + 3000 :])
