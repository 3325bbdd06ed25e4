from __future__ import annotations

import sys

import numpy as np
import pytest
from speechzip.pipeline import AudioError, EngineError, Samples
from speechzip.pipeline.audio.codec2 import Codec2Mode, load_codec2, pack_codec2, unpack_codec2

MODES: dict[Codec2Mode, tuple[int, int]] = {"700C": (1, 700), "1200": (2, 1200)}
"""Mode -> its first byte and its bitrate."""


def voiced(duration_s: float) -> Samples:
    """Return pulses of 125 Hz that swell twice a second: float32 [T] at 16 kHz."""
    times = np.arange(round(duration_s * 16_000)) / 16_000
    pulses = sum(np.sin(2 * np.pi * 125 * n * times) / n for n in range(1, 20))
    return np.asarray(0.1 * pulses * np.sin(2 * np.pi * times) ** 2, np.float32)


@pytest.mark.parametrize("mode", MODES)
def test_a_sound_comes_back_with_its_length_and_rhythm(mode: Codec2Mode) -> None:
    pytest.importorskip("pycodec2")
    first, bitrate = MODES[mode]
    sound = voiced(4.0)
    code = pack_codec2(sound, 16_000, mode, 4096)
    assert code[0] == first
    assert len(code) == 1 + 4 * bitrate // 8
    played = unpack_codec2(code)
    assert len(played) == len(sound)
    power, wanted = (np.square(samples).reshape(-1, 1600).mean(axis=1) for samples in (played, sound))
    assert 1 / 20 < power.mean() / wanted.mean() < 20
    assert np.corrcoef(power, wanted)[0, 1] > 0.8


@pytest.mark.parametrize("mode", MODES)
def test_the_frames_are_those_of_the_library(mode: Codec2Mode) -> None:
    pytest.importorskip("pycodec2")
    sound = voiced(0.4)[::2]  # at 8 kHz: nothing is resampled
    pcm = np.rint(sound * 32767).astype(np.int16).reshape(-1, 320)
    codec = load_codec2(mode)
    wanted = "".join(
        f"{int.from_bytes(codec.encode(frame), 'big'):0{8 * size}b}"[: {"700C": 28, "1200": 48}[mode]]
        for frame in pcm
        for size in [{"700C": 4, "1200": 6}[mode]]
    )
    code = pack_codec2(sound, 8_000, mode, 4096)
    assert f"{int.from_bytes(code[1:], 'big'):0{8 * len(code) - 8}b}" == wanted.ljust(8 * len(code) - 8, "0")


def test_a_budget_cuts_whole_frames_and_ten_seconds_are_the_most() -> None:
    pytest.importorskip("pycodec2")
    assert len(pack_codec2(voiced(1.0), 16_000, "1200", 30)) == 1 + 4 * 6
    assert len(unpack_codec2(pack_codec2(voiced(1.0), 16_000, "700C", 11))) == 2 * 640
    assert len(unpack_codec2(pack_codec2(voiced(12.0), 16_000, "700C", 4096))) == 160_000
    assert pack_codec2(voiced(1.0), 16_000, "700C", 0) == b"\x01"


@pytest.mark.parametrize("code", [b"\x01", b"\x02" + bytes(5), b"\x01" + bytes(3), b"\x02" + bytes(251 * 6)])
def test_no_frame_or_too_many_are_refused(code: bytes) -> None:
    with pytest.raises(AudioError, match=r"it has (0|251) frames of Codec2, 1 to 250 are possible"):
        unpack_codec2(code)


def test_any_frame_is_a_sound() -> None:
    pytest.importorskip("pycodec2")
    rubbish = np.random.default_rng(2).integers(0, 256, 1000, np.uint8).tobytes()
    for first, size in ((b"\x01", 875), (b"\x02", 1000)):
        played = unpack_codec2(first + rubbish[:size])
        assert np.isfinite(played).all()
        assert np.abs(played).max() < 2


def test_without_the_library_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycodec2", None)
    with pytest.raises(EngineError, match=r"speechzip\[codec2\]"):
        pack_codec2(voiced(1.0), 16_000, "1200", 4096)
    with pytest.raises(AudioError, match=r"speechzip\[codec2\]"):
        unpack_codec2(b"\x02" + bytes(6))
