from __future__ import annotations

import numpy as np
import pytest
from fakes import bursts
from speechzip.eval.conditions import CONDITIONS, noise_seed, pink_noise, speech_power, telephone, with_noise
from speechzip.pipeline import Audio

RATE = 16_000
SPEECH = bursts((0.5, 2.0), (2.5, 3.5), duration_s=4)


@pytest.mark.parametrize("ratio_db", [20, 10, 5, 0])
def test_ratio_of_speech_to_noise(ratio_db: int) -> None:
    noisy = with_noise(SPEECH, ratio_db, seed=1)
    scale = float(noisy.samples @ SPEECH.samples / (SPEECH.samples @ SPEECH.samples))
    noise = noisy.samples / scale - SPEECH.samples
    measured = 10 * np.log10(speech_power(SPEECH) / np.mean(np.square(noise)))
    assert measured == pytest.approx(ratio_db, abs=0.6)
    assert np.abs(noisy.samples).max() <= 1


def test_power_of_speech_leaves_pauses_out() -> None:
    assert speech_power(SPEECH) == pytest.approx(0.5**2 / 3, rel=0.05)  # uniform in [-0.5, 0.5]


def test_noise_is_pink() -> None:
    power = np.square(np.abs(np.fft.rfft(pink_noise(1 << 18, RATE, seed=2))))
    frequencies = np.fft.rfftfreq(1 << 18, 1 / RATE)
    octaves = [
        10 * np.log10(power[(frequencies >= f) & (frequencies < 2 * f)].mean()) for f in (125, 250, 500, 1000, 2000)
    ]
    np.testing.assert_allclose(np.diff(octaves), -3.01, atol=0.4)


def test_each_recording_has_its_own_noise_and_always_the_same() -> None:
    assert np.array_equal(
        with_noise(SPEECH, 10, noise_seed("a", 0)).samples, with_noise(SPEECH, 10, noise_seed("a", 0)).samples
    )
    assert len({noise_seed("a", 0), noise_seed("b", 0), noise_seed("a", 1)}) == 3


def test_stereo_stays_stereo() -> None:
    stereo = Audio(np.stack([SPEECH.samples, 0 * SPEECH.samples], axis=1), RATE)
    for name, condition in CONDITIONS.items():
        assert condition(stereo, 1).channels == 2, name


@pytest.mark.parametrize(
    ("frequency", "passes"), [(100, False), (500, True), (3000, True), (3700, False), (6000, False)]
)
def test_telephone_band(frequency: float, passes: bool) -> None:
    tone = 0.5 * np.sin(2 * np.pi * frequency * np.arange(2 * RATE) / RATE).astype(np.float32)
    line = telephone(Audio(tone, RATE), 0)
    assert line.sample_rate == 8000
    assert (np.abs(line.samples[4000:12000]).max() > 0.3) == passes
