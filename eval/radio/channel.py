"""A short-wave channel in NumPy: white noise, and two paths that fade (Watterson's model).

    signal --+-- delay 0 ------ x fading gain --+-- + noise -->
             +-- delay 1 or 2 ms x fading gain --+

Each gain is complex Gaussian noise with a Gaussian Doppler spectrum (Watterson, Juroshek and Bensema 1970); delay and
spread are those of ITU-R F.1487 for middle latitudes. The paths have equal power, one on average together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Waveform = npt.NDArray[np.float64]

NOISE_BANDWIDTH_HZ = 3000
"""The bandwidth of the noise in a signal-to-noise ratio: that of a single-sideband channel."""
LONGEST_PERIOD_S = 60.0
"""The fading gains repeat after this time, or after the signal if that is longer."""


@dataclass(frozen=True, slots=True)
class Channel:
    """The path between transmitter and receiver, without the noise."""

    name: str
    """Short name for reports."""
    delay_s: float = 0.0
    """Delay of the second path; 0 for a single path that does not fade."""
    spread_hz: float = 0.0
    """Doppler spread: twice the standard deviation of the spectrum of each path's gain."""


CHANNELS = {
    "noise": Channel("noise"),
    "moderate": Channel("moderate", 0.001, 0.5),
    "poor": Channel("poor", 0.002, 1.0),
}
"""White noise alone; ITU-R F.1487 at middle latitudes, moderate and disturbed (poor in CCIR 520)."""


def propagate(
    signal: npt.NDArray[np.int16], sample_rate: int, channel: Channel, snr_db: float, seed: int
) -> npt.NDArray[np.int16]:
    """Return the received sound: int16 [T], at a quarter of full scale so that noise is not clipped.

    Args:
        signal: int16 [T] at `sample_rate`, mono; its silences do not count for its power.
        sample_rate: in Hz.
        channel: the path.
        snr_db: mean power of signal over that of noise in `NOISE_BANDWIDTH_HZ`.
        seed: the same one gives the same fading and noise.
    """
    random = np.random.default_rng(seed)
    sent = signal.astype(np.float64)
    power = float(np.mean(np.square(sent[np.abs(sent) > 0]))) if np.any(sent) else 1.0
    heard = _faded(sent, sample_rate, channel, random) if channel.spread_hz else sent
    noise_power = power / 10 ** (snr_db / 10) * (sample_rate / 2) / NOISE_BANDWIDTH_HZ
    noisy = heard + random.normal(0.0, np.sqrt(noise_power), len(sent))
    level = 8192 / np.sqrt(power + noise_power) / 2
    return np.asarray(np.clip(noisy * level, -32768, 32767), np.int16)


def _faded(sent: Waveform, sample_rate: int, channel: Channel, random: np.random.Generator) -> Waveform:
    analytic = _analytic(sent)
    late = np.roll(analytic, round(channel.delay_s * sample_rate))
    late[: round(channel.delay_s * sample_rate)] = 0
    gains = [_gain(len(sent), sample_rate, channel.spread_hz, random) for _ in range(2)]
    return np.asarray((analytic * gains[0] + late * gains[1]).real / np.sqrt(2))


def _analytic(samples: Waveform) -> npt.NDArray[np.complex128]:
    """Return the signal without its negative frequencies, so that a gain can turn its phase."""
    spectrum = np.fft.fft(samples)
    spectrum[1 : (len(samples) + 1) // 2] *= 2
    spectrum[len(samples) // 2 + 1 :] = 0
    return np.fft.ifft(spectrum)


def _gain(count: int, sample_rate: int, spread_hz: float, random: np.random.Generator) -> npt.NDArray[np.complex128]:
    """Return complex [count] of mean power 1 with a Gaussian spectrum of standard deviation `spread_hz` / 2."""
    period = max(count, int(LONGEST_PERIOD_S * sample_rate))
    highest = int(3 * spread_hz * period / sample_rate) + 1
    bins = np.arange(-highest, highest + 1)
    shape = np.exp(-np.square(bins * sample_rate / period) / (2 * (spread_hz / 2) ** 2))
    weights = np.sqrt(shape / shape.sum() / 2)
    tones = (random.normal(size=len(bins)) + 1j * random.normal(size=len(bins))) * weights
    spectrum = np.zeros(period, np.complex128)
    spectrum[bins] = tones * period
    return np.fft.ifft(spectrum)[:count]
