from __future__ import annotations

import io
import struct
from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile
from speechzip.pipeline import Audio, AudioError, open_recording, resample
from speechzip.pipeline.audio import soundfiles
from speechzip.pipeline.audio.reading import Resampler, engine_blocks


def tone(duration_s: float, sample_rate: int, hz: float = 440.0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(duration_s * sample_rate)) / sample_rate)).astype(np.float32)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("sample_rate", [8000, 16000, 44100, 48000])
def test_formats_and_rates(tmp_path: Path, suffix: str, sample_rate: int) -> None:
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(str(path), tone(2.5, sample_rate), sample_rate)
    recording = open_recording(path)
    heard = np.concatenate(list(engine_blocks(recording)))
    assert recording.size_bytes == path.stat().st_size
    assert recording.duration_s == pytest.approx(2.5, abs=0.1)  # MP3 pads
    assert len(heard) / 16000 == pytest.approx(recording.duration_s, abs=1e-3)
    spectrum = np.abs(np.fft.rfft(heard[:32000, 0]))
    assert np.argmax(spectrum) / 2 == pytest.approx(440, abs=1)


@pytest.mark.parametrize("sample_rate", [8000, 11025, 44100, 48000])
def test_resampling_does_not_shift_time(sample_rate: int) -> None:
    click = np.zeros((sample_rate, 1), np.float32)
    click[sample_rate // 4] = 1.0
    stream = Resampler(sample_rate, 1)
    pieces = [stream.push(click[start : start + 777]) for start in range(0, len(click), 777)]
    moved = np.concatenate([*pieces, stream.flush()])
    assert abs(int(np.argmax(np.abs(moved))) - 4000) <= 1
    assert abs(int(np.argmax(np.abs(resample(click[:, 0], sample_rate, 16000)))) - 4000) <= 1


def test_samples_in_memory() -> None:
    recording = open_recording(Audio(np.zeros((100, 2), np.float32), 8000))
    assert (recording.channels, recording.duration_s) == (2, 0.0125)
    assert sum(len(block) for block in recording.blocks()) == 100


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros((1, 1, 1), np.float32)])
def test_no_samples(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> None:
    with pytest.raises(AudioError):
        open_recording(Audio(samples, 16000))


def test_not_audio(tmp_path: Path) -> None:
    text = tmp_path / "notes.wav"
    text.write_text("Dear diary, today I was mistaken for a recording.")
    with pytest.raises(AudioError, match=r"is not audio that can be read \(whatever its name says, it holds no sound"):
        open_recording(text)


@pytest.mark.parametrize("start", [b"", b"\xff\xfb\x90\x00", b"ID3\x04\0\0\0\0\0\x10" + bytes(16), b"RIFF", bytes(99)])
def test_rubbish_by_the_name_of_a_recording(start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "junk.mp3"
    for seed in range(8):
        path.write_bytes(start + Random(seed).randbytes(100 << seed))
        with pytest.raises(AudioError, match=r"junk.mp3 is not audio that can be read \(whatever its name says"):
            open_recording(path)


def test_empty_missing_and_folder(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    with pytest.raises(AudioError, match="0 bytes"):
        open_recording(tmp_path / "empty.wav")
    with pytest.raises(AudioError, match="No such file"):
        open_recording(tmp_path / "missing.wav")
    with pytest.raises(AudioError, match="is a folder"):
        open_recording(tmp_path)
    soundfile.write(str(tmp_path / "silent.wav"), np.zeros(0, np.float32), 16000)
    with pytest.raises(AudioError, match="no samples"):
        open_recording(tmp_path / "silent.wav")


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_cut_short(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(
        str(path), tone(5, 16000) + np.random.default_rng(1).normal(0, 0.1, 80000).astype(np.float32), 16000
    )
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AudioError, match="cut short"):
        for _ in open_recording(path).blocks():
            pass


def test_streamed_wav_of_unknown_length_is_fine() -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, tone(1, 16000), 16000, format="WAV")
    wav = bytearray(buffer.getvalue())
    wav[4:8] = wav[40:44] = struct.pack("<I", 0xFFFFFFFF)  # as ffmpeg writes to a pipe
    recording = open_recording(io.BytesIO(bytes(wav)))
    assert sum(len(block) for block in recording.blocks()) == 16000


def test_samples_that_are_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "nan.wav"
    broken = tone(1, 16000)
    broken[500] = np.nan
    soundfile.write(str(path), broken, 16000, "FLOAT")
    with pytest.raises(AudioError, match="NaN"):
        list(open_recording(path).blocks())


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("int16", "divide them by 32768"),
        ("int32", "divide them by 2147483648"),
        ("uint8", "subtract 128 and divide by 128"),
    ],
)
def test_integers_are_told_how_to_become_samples(kind: str, advice: str) -> None:
    integers = np.full(16000, 100, kind)
    with pytest.raises(AudioError, match=f"{kind}.*; {advice}$"):
        open_recording(Audio(integers, 16000))


@pytest.mark.parametrize(("peak", "divisor"), [(30_000, 32768), (8e6, 8388608), (2**31, 2147483648)])
def test_integers_in_floating_point_are_told_their_full_scale(peak: float, divisor: int) -> None:
    recording = open_recording(Audio(tone(1, 16000) * np.float32(peak / np.abs(tone(1, 16000)).max()), 16000))
    with pytest.raises(AudioError, match=f"divide them by {divisor},"):
        list(recording.blocks())


@pytest.mark.parametrize("sample_rate", [500, 999, 768_001, 2_000_000_000])
def test_sample_rates_that_no_recording_has(sample_rate: int) -> None:
    wav = io.BytesIO()
    soundfile.write(wav, tone(0.1, 8000), 8000, format="WAV")
    content = wav.getvalue()
    hostile = content[:24] + struct.pack("<I", sample_rate) + content[28:]
    with pytest.raises(AudioError, match=f"a sample rate of {sample_rate} Hz; a recording has 1000 to 768000 Hz"):
        open_recording(io.BytesIO(hostile))


def test_a_recording_longer_than_a_payload_can_hold_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """25 h, here 2 s: a second is read beyond them at most."""
    monkeypatch.setattr(soundfiles, "LONGEST_S", 2.0)
    flac = io.BytesIO()
    soundfile.write(flac, tone(9, 8000), 8000, format="FLAC")
    heard = 0
    with pytest.raises(AudioError, match="split it into parts"):
        for block in open_recording(flac).blocks():
            heard += len(block)
    assert heard == 2 * 8000
