from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from speechzip.voices.acoustics.vocoder import SAMPLE_RATE
from speechzip.voices.training.recordings import read_manifest
from speechzip.voices.training.speakers import by_telephone, measure_speakers


def hum(pitch_hz: float, seconds: float = 1.0) -> npt.NDArray[np.float32]:
    """Return a voiced sound with overtones up to 7 kHz."""
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    overtones = range(1, int(7000 / pitch_hz))
    waves = np.array([np.sin(2 * np.pi * n * pitch_hz * times) / n for n in overtones], np.float32)
    sound: npt.NDArray[np.float32] = waves.sum(axis=0) / np.float32(4)
    return sound


def level(samples: npt.NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(samples**2)))


@pytest.mark.parametrize(("frequency_hz", "kept"), [(100, 1), (3000, 1), (4100, 0), (7000, 0)])
def test_a_telephone_line_leaves_out_what_is_high(frequency_hz: int, kept: int) -> None:
    tone = np.sin(2 * np.pi * frequency_hz * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    heard = by_telephone(tone)
    assert heard.shape == tone.shape
    assert level(heard) == pytest.approx(kept * level(tone), abs=1e-3)


def test_each_speaker_has_a_voice_as_recorded_and_one_by_telephone(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(
        "path,speaker,transcript\nb.flac,b,oh\na1.flac,a,oh no\na2.flac,a,no oh\n", encoding="utf-8"
    )
    for name, pitch_hz in (("b", 220.0), ("a1", 110.0), ("a2", 110.0)):
        soundfile.write(str(tmp_path / f"{name}.flac"), hum(pitch_hz), SAMPLE_RATE)
    voices = list(measure_speakers(read_manifest(tmp_path)))
    assert [len(voice) for voice in voices] == [16] * 4
    pitches = [voice[0] for voice in voices]  # 64 steps an octave
    assert pitches[2] - pitches[0] == pytest.approx(64, abs=4)
    assert voices[0] != voices[1]
