"""Lengths in headers as recorders, pipes and crashes leave them."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import soundfile
from speechzip.pipeline import AudioError, SpeechzipWarning, open_recording

SAMPLES = np.random.default_rng(5).uniform(-0.5, 0.5, 16000).astype(np.float32)
LIST = b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + struct.pack("<I", 13) + b"Lavf59.27.100\0"


def encoded(
    container: str, samples: np.ndarray[tuple[int], np.dtype[np.float32]] = SAMPLES, coding: str = "PCM_16"
) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, 16000, coding, format=container)
    return buffer.getvalue()


def wav(
    length: int, riff_length: int | None = None, before: bytes = b"", after: bytes = b"", order: str = "<"
) -> bytes:
    """Return a second of sound with what its header says of it."""
    body = np.round(SAMPLES * 32768).astype(order + "i2").tobytes()
    form = struct.pack(order + "HHIIHH", 1, 1, 16000, 32000, 2, 16)
    chunks = b"WAVEfmt " + struct.pack(order + "I", 16) + form + before
    chunks += b"data" + struct.pack(order + "I", length) + body + after
    riff = len(chunks) if riff_length is None else riff_length
    return (b"RIFF" if order == "<" else b"RIFX") + struct.pack(order + "I", riff) + chunks


def read(content: bytes) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    recording = open_recording(io.BytesIO(content))
    heard = np.concatenate(list(recording.blocks()))[:, 0]
    assert recording.duration_s == pytest.approx(len(heard) / 16000)
    return heard


def rf64(length: int) -> bytes:
    return _patched(encoded("RF64"), b"ds64", 16, struct.pack("<Q", length))


def w64(length: int) -> bytes:
    return _patched(encoded("W64"), b"data\xf3", 16, struct.pack("<Q", length))


def aiff(length: int) -> bytes:
    content = _patched(encoded("AIFF"), b"SSND", 4, struct.pack(">I", length))
    content = _patched(content, b"COMM", 10, struct.pack(">I", length // 2))
    return _patched(content, b"FORM", 4, bytes(4))


def aiff_without_frames(frames: int) -> bytes:
    return _patched(encoded("AIFF"), b"COMM", 10, struct.pack(">I", frames))


def au(length: int) -> bytes:
    return _patched(encoded("AU"), b".snd", 8, struct.pack(">I", length))


def caf(length: int) -> bytes:
    return _patched(encoded("CAF"), b"data", 4, struct.pack(">Q", length))


def _patched(content: bytes, place: bytes, distance: int, number: bytes) -> bytes:
    at = content.index(place) + distance
    return content[:at] + number + content[at + len(number) :]


def is_whole(content: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        heard = read(content)
    return len(heard) == len(SAMPLES) and float(np.abs(heard - SAMPLES).max()) < 1e-4


UNKNOWN = [
    0,
    0x7F000000,
    0x7FFFF000,
    0x7FFFFFDB,
    0x7FFFFFFE,
    0x7FFFFFFF,
    0x80000000,
    0x80000024,
    0xFFFFFFDB,
    0xFFFFFFFF,
]


@pytest.mark.parametrize("length", UNKNOWN)
@pytest.mark.parametrize("riff_length", [0, 36, 0x7FFFFFFF, 0x80000024, 0xFFFFFFFF, None])
def test_wav_of_unknown_length_is_read_to_its_end(length: int, riff_length: int | None) -> None:
    assert is_whole(wav(length, riff_length))
    assert is_whole(wav(length, riff_length, before=LIST, after=LIST))  # and no further
    assert is_whole(wav(length, riff_length, order=">"))


def test_wav_with_unusual_chunks() -> None:
    assert is_whole(wav(32000, before=b"junk" + struct.pack("<I", 3) + b"abc\0"))
    assert is_whole(wav(32000, before=b"junk" + struct.pack("<I", 3) + b"abc"))  # the padding is forgotten
    assert is_whole(wav(32000, riff_length=0))
    assert is_whole(wav(32000, after=LIST[:20]))
    assert is_whole(wav(32036))  # the header counted as sound


def test_sound_that_the_header_does_not_mention_is_told() -> None:
    with pytest.warns(SpeechzipWarning, match="has 20000 bytes after the 0.4 s that its header promises"):
        assert len(read(wav(12000))) == 6000


def test_joined_wavs_are_read_to_the_end() -> None:
    for first in (wav(32000), wav(32000, after=LIST), wav(32000, order=">"), encoded("RF64")):
        for second in (wav(32000), encoded("RF64")):
            heard = read(first + second + wav(0xFFFFFFFF))
            assert len(heard) == 48000
            assert np.abs(heard - np.tile(SAMPLES, 3)).max() < 1e-4


@pytest.mark.parametrize("second", ["same", "AIFF", "CAF", "AU", "WAV", "RF64", "noise"])
@pytest.mark.parametrize(
    ("container", "coding"),
    [
        ("AIFF", "PCM_16"),
        ("AIFF", "ULAW"),
        ("AIFF", "IMA_ADPCM"),
        ("CAF", "PCM_16"),
        ("CAF", "ALAC_16"),
        ("AU", "PCM_16"),
        ("AU", "ULAW"),
    ],
)
def test_a_file_joined_to_another_is_told_where_it_is_not_read(container: str, coding: str, second: str) -> None:
    first = encoded(container, coding=coding)
    whole = read(first)
    noise = np.random.default_rng(0).bytes(20_000)
    behind = first if second == "same" else noise if second == "noise" else encoded(second)
    with pytest.warns(SpeechzipWarning, match=f"has {len(behind)} bytes after the 1.0 s that its header promises"):
        assert np.array_equal(read(first + behind), whole)


@pytest.mark.parametrize("container", ["AIFF", "CAF", "AU", "W64", "RF64"])
def test_what_is_too_short_to_be_sound_is_not_told(container: str) -> None:
    assert is_whole(encoded(container) + bytes(300))


@pytest.mark.parametrize("container", ["WAV", "RF64", "W64", "AIFF", "AU", "CAF"])
def test_a_file_that_is_cut_short_is_told(container: str) -> None:
    with pytest.raises(AudioError, match="cut short"):
        read(encoded(container)[:16000])


def test_a_file_without_samples_is_empty() -> None:
    nothing = np.zeros(0, np.float32)
    for content in (encoded("WAV", nothing), encoded("WAV", nothing) + LIST):
        with pytest.raises(AudioError, match="no samples"):
            read(content)


@pytest.mark.parametrize(
    ("build", "lengths"),
    [
        (rf64, [0, 0x7FFFFFFF, 2**63 - 1, 2**64 - 1]),
        (w64, [0, 24, 2**63 - 1, 2**64 - 1]),
        (aiff, [0, 0x7F000008, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]),
        (aiff_without_frames, [0]),
        (au, [0, 0x7FFFFFFF, 0xFFFFFFFF]),
        (caf, [2**64 - 1]),
    ],
)
def test_other_headers_of_unknown_length(build: Callable[[int], bytes], lengths: list[int]) -> None:
    for length in lengths:
        assert is_whole(build(length)), hex(length)


def test_flac_from_a_pipe_does_not_know_its_length() -> None:
    content = bytearray(encoded("FLAC"))
    content[21] &= 0xF0  # the 36 bits of STREAMINFO that count the samples
    content[22:26] = bytes(4)
    assert is_whole(bytes(content))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert 0.3 < open_recording(io.BytesIO(bytes(content))).duration_s < 3


@pytest.mark.parametrize("container", ["FLAC", "OGG"])
def test_joined_files_are_read_to_the_end(container: str) -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, SAMPLES, 16000, format=container)
    assert len(read(buffer.getvalue() * 3)) == 3 * len(SAMPLES)


@pytest.mark.parametrize(
    ("end", "why"), [(-1, "in the middle of a page: it is cut short"), (0, "without the mark of its end")]
)
def test_an_ogg_that_is_cut_in_its_only_page_of_sound_is_not_empty(end: int, why: str) -> None:
    content = encoded("OGG", SAMPLES[:4000], "VORBIS")
    page = content.rindex(b"OggS")
    with pytest.raises(AudioError, match=f"has a header but no samples that can be read; it ends {why}"):
        open_recording(io.BytesIO(content[: end or page]))


def test_an_ogg_that_is_cut_in_its_last_page_is_told() -> None:
    content = encoded("OGG", np.tile(SAMPLES, 5), "VORBIS")
    with pytest.warns(SpeechzipWarning, match="in the middle of a page"):
        assert len(read(content[:-100])) < 5 * len(SAMPLES)


def test_an_ogg_that_is_cut_short_is_told() -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.tile(SAMPLES, 5), 16000, format="OGG")
    content = buffer.getvalue()
    with pytest.warns(SpeechzipWarning, match="without the mark of its end"):
        assert 16000 < len(read(content[: content.rindex(b"OggS")])) < 5 * 16000


def test_more_channels_than_a_recording_has_are_refused() -> None:
    ogg = bytearray(encoded_ogg_head(channels=255))
    with pytest.raises(AudioError, match="has 255 channels; a recording has at most 32"):
        open_recording(io.BytesIO(bytes(ogg)))
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros((100, 33), np.float32), 16000, format="WAV")
    with pytest.raises(AudioError, match="has 33 channels"):
        open_recording(io.BytesIO(buffer.getvalue()))


def encoded_ogg_head(channels: int) -> bytes:
    """Return the first page of an Ogg Vorbis file that claims so many channels."""
    buffer = io.BytesIO()
    soundfile.write(buffer, SAMPLES, 16000, format="OGG")
    content = bytearray(buffer.getvalue())
    content[content.index(b"\x01vorbis") + 11] = channels
    return bytes(content)


@pytest.mark.parametrize("container", ["WAV", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "OGG"])
def test_cut_off_anywhere_it_is_sound_or_one_error(container: str) -> None:
    whole = io.BytesIO()
    soundfile.write(whole, SAMPLES[:64], 16000, format=container)
    content = whole.getvalue()
    for length in [*range(min(len(content), 300)), *range(300, len(content), 97)]:
        with warnings.catch_warnings(), contextlib.suppress(AudioError):
            warnings.simplefilter("ignore", SpeechzipWarning)
            assert len(read(content[:length])) <= 64


def test_an_aiff_that_ends_where_its_sound_would_begin_is_empty() -> None:
    whole = encoded("AIFF")
    with pytest.raises(AudioError, match=r"cut short|damaged|empty"):
        read(whole[: whole.index(b"SSND") + 9])


def test_a_chunk_that_is_longer_than_any_file() -> None:
    for length in (2**63 - 1, 2**64 - 1):
        with contextlib.suppress(AudioError):  # never an error of another kind
            read(_patched(encoded("W64"), b"fmt \xf3", 16, struct.pack("<Q", length)))
        with contextlib.suppress(AudioError):
            read(_patched(encoded("CAF"), b"desc", 4, struct.pack(">Q", length)))


def test_rubbish_behind_every_magic_number_is_no_sound() -> None:
    random = np.random.default_rng(3)
    for magic in (
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0",
        b"FORM\0\0\0\0AIFFCOMM",
        b".snd\0\0\0\x18",
        b"fLaC",
        b"OggS",
    ):
        for size in (0, 5, 30, 3000):
            with pytest.raises(AudioError), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read(magic + random.bytes(size))
