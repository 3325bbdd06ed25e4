from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile
from speechzip.pipeline import resample
from speechzip.voices.spaces.scalable_voice import ScalableVoice
from speechzip.voices.trained.engines import TrainedVoiceEncoder
from speechzip.voices.training.corpus.fitted_voices import Telephone, main


@pytest.mark.parametrize(("frequency_hz", "least_db", "most_db"), [(20, -200, -20), (1500, -2, 1), (4100, -200, -40)])
def test_what_a_telephone_lets_through(frequency_hz: int, least_db: float, most_db: float) -> None:
    tone = 0.3 * np.sin(2 * np.pi * frequency_hz * np.arange(16_001) / 16_000).astype(np.float32)
    for seed in range(6):
        heard = Telephone(Random(seed)).heard(tone)
        assert heard.shape == (16_000,)
        spectrum, whole = np.abs(np.fft.rfft(heard)), np.abs(np.fft.rfft(tone[:-1])).max()
        assert least_db < 20 * np.log10(spectrum[frequency_hz] / whole + 1e-9) < most_db
        assert spectrum[4001:].max() < 1e-3 * whole  # its sound has 8 kHz


@pytest.mark.models
def test_voices_are_written_as_compress_fits_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wheel_recording: Callable[[str], Path]
) -> None:
    samples, rate = soundfile.read(str(wheel_recording("beckett.wav")), dtype="float32", always_2d=True)
    sound = resample(samples[:, 0], rate, 16_000)
    soundfile.write(str(tmp_path / "one.wav"), sound, 16_000)
    words = "Ever tried, ever failed. No matter. Try again, fail again, fail better."
    (tmp_path / "manifest.csv").write_text(
        f'path,speaker,transcript\none.wav,sam,"{words.upper()}"\ntwo.wav,tom,\none.wav,AN4-x,A B C\n'
    )
    out = tmp_path / "new" / "voices.txt"
    monkeypatch.setattr(sys, "argv", ["fitted_voices", "--recordings", str(tmp_path), "--out", str(out)])
    main()
    lines = [line.split() for line in out.read_text("utf-8").splitlines()]
    assert [line[:2] for line in lines] == [["sam", "clean"], ["sam", "clean"], ["sam", "telephone"]]
    clean, again, telephone = (ScalableVoice.from_bytes(bytes.fromhex(line[2])) for line in lines)
    assert clean == again
    measured = ScalableVoice.from_bytes(TrainedVoiceEncoder().encode(sound, words).embedding)
    assert clean.pitch_hz == pytest.approx(measured.pitch_hz, rel=0.02)
    assert clean.timbre not in (measured.timbre, telephone.timbre)
