"""MPEG audio as found in practice: without a length, joined, cut, with tags and junk between its frames."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from speechzip.pipeline import AudioError, SpeechzipWarning, open_recording
from speechzip.pipeline.audio.layout.mpeg import Frame, parse_header

DURATION_S = 3.0
APE = b"APETAGEX" + (2000).to_bytes(4, "little") + (40).to_bytes(4, "little") + bytes(4) + bytes(40)
ID3V1 = b"TAG" + b"title".ljust(125, b"\0")
ID3V2 = b"ID3\x04\0\0\0\0\x02\x00" + bytes(256)


@cache
def mp3(sample_rate: int = 16000, channels: int = 1, mode: str = "CONSTANT") -> bytes:
    """Return three seconds of sweeps, with the encoder's own header."""
    times = np.arange(int(DURATION_S * sample_rate)) / sample_rate
    sweep = 0.5 * np.sin(2 * np.pi * (200 + 300 * times) * times) * (1 + np.sin(9 * times)) / 2
    buffer = io.BytesIO()
    samples = np.repeat(sweep[:, None], channels, axis=1).astype(np.float32)
    soundfile.write(
        buffer, samples, sample_rate, "MPEG_LAYER_III", format="MP3", bitrate_mode=mode, compression_level=0.5
    )
    return buffer.getvalue()


def frames(content: bytes) -> list[bytes]:
    """Return the frames of a file that is nothing but frames."""
    found: list[bytes] = []
    offset = 0
    while offset < len(content):
        frame = parse_header(content[offset : offset + 4])
        assert frame is not None
        found.append(content[offset : offset + frame.length])
        offset += frame.length
    return found


def without_length(content: bytes) -> bytes:
    """Return a file without the frame in front that tells its length."""
    first, *rest = frames(content)
    assert b"Xing" in first or b"Info" in first
    return b"".join(rest)


def read(content: bytes) -> npt.NDArray[np.float32]:
    """Return the sound; a warning is an error."""
    recording = open_recording(io.BytesIO(content))
    return np.concatenate(list(recording.blocks()))


def is_same(heard: npt.NDArray[np.float32], wanted: npt.NDArray[np.float32]) -> bool:
    """Tell whether one is the other, give or take a shift."""
    spectra = np.fft.rfft(heard, 1 << 18), np.fft.rfft(wanted, 1 << 18)
    correlation = np.fft.irfft(spectra[0] * np.conj(spectra[1])).max()
    return bool(correlation > 0.95 * np.sqrt(np.square(heard).sum() * np.square(wanted).sum()))


@pytest.mark.parametrize("mode", ["CONSTANT", "AVERAGE", "VARIABLE"])
@pytest.mark.parametrize(("sample_rate", "channels"), [(8000, 1), (16000, 1), (44100, 2), (48000, 1)])
def test_a_file_without_a_length_is_read_to_its_end(mode: str, sample_rate: int, channels: int) -> None:
    whole = mp3(sample_rate, channels, mode)
    for content in (without_length(whole), ID3V2 + without_length(whole) + APE + ID3V1):
        heard = read(content)
        assert heard.shape[1] == channels
        assert len(heard) / sample_rate == pytest.approx(DURATION_S, abs=0.2)  # the encoder's padding
        assert is_same(heard[:, 0], read(whole)[:, 0])


def test_what_is_told_before_is_what_comes() -> None:
    for content in (mp3(), without_length(mp3()), without_length(mp3(mode="VARIABLE"))):
        recording = open_recording(io.BytesIO(content))
        told_s = recording.duration_s
        assert sum(map(len, recording.blocks())) / 16000 == pytest.approx(told_s, abs=1e-3)
    assert len(read(mp3())) == int(DURATION_S * 16000)  # with the encoder's own header: to the sample


@pytest.mark.parametrize("between", [b"", ID3V1, ID3V2, APE + ID3V1, bytes(3000), b"\xff" * 3000])
def test_joined_files_are_read_to_the_end(between: bytes) -> None:
    with pytest.warns(SpeechzipWarning, match=r"has 9\.\d s of sound where its header promises 3\.\d s"):
        heard = read(between.join([mp3(), mp3(), mp3()]))
    assert len(heard) / 16000 == pytest.approx(3 * DURATION_S, abs=0.3)
    third = heard[int(6.1 * 16000) :, 0]
    assert is_same(third, read(mp3())[:, 0])


def test_rate_and_channels_may_change() -> None:
    joined = without_length(mp3()) + without_length(mp3(44100, 2)) + without_length(mp3()) + without_length(mp3(8000))
    recording = open_recording(io.BytesIO(joined))
    assert (recording.sample_rate, recording.channels) == (16000, 1)
    heard = np.concatenate(list(recording.blocks()))[:, 0]
    assert len(heard) / 16000 == pytest.approx(4 * DURATION_S, abs=0.6)
    for number in range(3):  # the fourth, of 8 kHz, lacks the top
        start = int((DURATION_S + 0.1) * number * 16000)
        assert is_same(heard[start : start + 44000], read(mp3())[:44000, 0])
    assert np.abs(heard[-32000:]).max() > 0.2


def test_junk_in_the_middle_is_skipped_and_told() -> None:
    all_frames = frames(without_length(mp3()))
    middle = len(all_frames) // 2
    junk = np.random.default_rng(1).bytes(20_000)
    with pytest.warns(SpeechzipWarning, match="bytes between its sound"):
        heard = read(b"".join(all_frames[:middle]) + junk + b"".join(all_frames[middle:]))
    assert len(heard) / 16000 == pytest.approx(DURATION_S, abs=0.2)
    torn = b"".join(all_frames[:middle]) + all_frames[middle][:50] + junk[:700] + b"".join(all_frames[middle + 1 :])
    assert len(read(torn)) / 16000 == pytest.approx(DURATION_S, abs=0.2)


def test_a_file_that_ends_too_soon_is_told() -> None:
    content = mp3()
    with pytest.warns(SpeechzipWarning, match=r"has 1\.\d s of sound where its header promises 3\.\d s"):
        assert len(read(content[: len(content) // 2])) / 16000 == pytest.approx(DURATION_S / 2, abs=0.2)
    assert len(read(without_length(content)[: len(content) // 2])) / 16000 == pytest.approx(DURATION_S / 2, abs=0.2)


def test_a_file_that_begins_in_the_middle() -> None:
    content = without_length(mp3(44100, 2, "VARIABLE"))
    heard = read(content[len(content) // 2 + 100 :])
    assert len(heard) / 44100 == pytest.approx(DURATION_S / 2, abs=0.5)


def test_the_decoder_prints_nothing(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    sound = bytearray(without_length(mp3(44100, 2)))
    for position in random.integers(0, len(sound), 300):
        sound[position] ^= 1 << random.integers(8)
    contents = [bytes(sound), bytes(sound)[7000:], mp3() + random.bytes(9000) + mp3(), bytes(sound) * 2]
    for number, content in enumerate(contents):
        (tmp_path / f"{number}.mp3").write_bytes(content)
    code = """
import sys, warnings
from speechzip.pipeline import open_recording
warnings.simplefilter("ignore")
for path in sys.argv[1:]:
    print(sum(len(block) for block in open_recording(path).blocks()))
print("said", file=sys.stderr)
"""
    paths = [str(path) for path in sorted(tmp_path.iterdir())]
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, check=True)
    assert done.stderr == b"said\n"
    assert min(map(int, done.stdout.split())) > 44100


def test_the_decoder_prints_nothing_of_frames_in_a_wav_file(capfd: pytest.CaptureFixture[str]) -> None:
    """Too few frames in a row for our parser: libsndfile searches by itself."""
    _, first, second, *rest = frames(mp3())
    body = first + second + b"junk junk!" * 3 + rest[40] + b"x" * 30 + rest[41]
    form = struct.pack("<HHIIHHHHIHHH", 0x55, 1, 16000, 4000, 1, 0, 12, 1, 2, 144, 1, 1393)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"fact" + struct.pack("<II", 4, 48000)
    content = b"WAVE" + chunks + b"data" + struct.pack("<I", len(body)) + body
    with pytest.raises(AudioError, match="cut short or damaged"):
        read(b"RIFF" + struct.pack("<I", len(content)) + content)
    assert capfd.readouterr() == ("", "")


def test_every_block_is_decoded_without_a_seek_between() -> None:
    """A seek of libmpg123 loses the frames that the next one depends on: the blocks would not fit together."""
    heard = read(mp3(44100, 2, "VARIABLE"))[:, 0]
    step = np.abs(np.diff(heard, n=2))
    assert step[44100 - 200 : 44100 + 200].max() < 3 * step[43000:43500].max() + 1e-3


def test_headers() -> None:
    assert parse_header(b"\xff\xfb\x90\x00") == Frame(3, 3, 44100, 2, 417, has_crc=False)  # 144 * 128000 / 44100
    assert parse_header(b"\xff\xfb\x92\x00") == Frame(3, 3, 44100, 2, 418, has_crc=False)  # and a byte of padding
    assert parse_header(b"\xff\xf2\x48\xc0") == Frame(2, 3, 16000, 1, 144, has_crc=True)  # 72 * 32000 / 16000
    for none in (
        b"",
        b"\xff\xfb\x90",
        b"\xff\xfb\xf0\0",
        b"\xff\xfb\x00\0",
        b"\xff\xfb\x9c\0",
        b"\xff\xf1\x90\0",
        b"RIFF",
    ):
        assert parse_header(none) is None


def test_rubbish_is_no_recording_and_takes_no_time() -> None:
    random = np.random.default_rng(4)
    for rubbish in (
        b"\xff" * 100_000,
        b"\xff\xfb\x90\x00" * 50_000,
        random.bytes(300_000),
        b"ID3" * 50_000,
        b"TAG" * 50_000,
    ):
        with pytest.raises(AudioError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read(rubbish)
