"""The simulated channel against what its model says."""

from __future__ import annotations

import numpy as np
import pytest
from speechzip.eval.radio import channel
from speechzip.eval.radio.channel import CHANNELS, NOISE_BANDWIDTH_HZ, propagate

RATE = 8000


def tone(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.asarray(10_000 * np.sin(2 * np.pi * 1501 / RATE * np.arange(int(seconds * RATE))), np.int16)


@pytest.mark.parametrize("snr_db", [-6.0, 0.0, 10.0])
def test_the_noise_in_3_khz_is_what_was_asked_for(snr_db: float) -> None:
    """The tone's bin holds the signal; noise is white over 4 kHz, of which 3 count."""
    heard = propagate(tone(20), RATE, CHANNELS["noise"], snr_db, seed=1).astype(float)
    power = np.abs(np.fft.rfft(heard)) ** 2
    place = 1501 * 20
    signal = power[place - 1 : place + 2].sum()
    noise = power.sum() - signal
    measured_db = 10 * np.log10(signal / (noise * NOISE_BANDWIDTH_HZ / (RATE / 2)))
    assert measured_db == pytest.approx(snr_db, abs=0.2)


@pytest.mark.parametrize("name", ["moderate", "poor"])
def test_gains_fade_as_rayleigh_with_the_spread_that_the_recommendation_names(name: str) -> None:
    """Mean power 1, power below a tenth in 1 - exp(-0.1) of the time, Doppler spread of twice the deviation."""
    spread_hz = CHANNELS[name].spread_hz
    random = np.random.default_rng(3)
    gains = np.concatenate([channel._gain(60 * 100, 100, spread_hz, random) for _ in range(200)])  # pyright: ignore[reportPrivateUsage]
    power = np.abs(gains) ** 2
    assert power.mean() == pytest.approx(1.0, abs=0.03)
    assert (power < 0.1).mean() == pytest.approx(1 - np.exp(-0.1), abs=0.01)
    one = channel._gain(60 * 100, 100, spread_hz, random)  # pyright: ignore[reportPrivateUsage]
    spectrum = np.abs(np.fft.fft(one)) ** 2
    frequencies = np.fft.fftfreq(len(one), 1 / 100)
    assert 2 * np.sqrt((frequencies**2 * spectrum).sum() / spectrum.sum()) == pytest.approx(spread_hz, rel=0.25)


def test_the_second_path_is_late_and_as_strong_on_average(monkeypatch: pytest.MonkeyPatch) -> None:
    """An impulse comes twice, 16 samples apart (2 ms at 8 kHz)."""
    monkeypatch.setattr(channel, "LONGEST_PERIOD_S", 2.0)
    impulse = np.zeros(RATE, np.int16)
    impulse[1000] = 30_000
    energies = np.zeros(RATE)
    for seed in range(200):
        energies += propagate(impulse, RATE, CHANNELS["poor"], 60.0, seed).astype(float) ** 2
    first, second = energies[1000], energies[1016]
    assert second == pytest.approx(first, rel=0.3)
    assert min(first, second) > 20 * np.median(energies[900:1100])


def test_the_same_seed_gives_the_same_sound() -> None:
    one = propagate(tone(1), RATE, CHANNELS["poor"], 0.0, seed=4)
    assert np.array_equal(one, propagate(tone(1), RATE, CHANNELS["poor"], 0.0, seed=4))
    assert not np.array_equal(one, propagate(tone(1), RATE, CHANNELS["poor"], 0.0, seed=5))
