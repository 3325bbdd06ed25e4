"""What the second network learns to say, measured from recordings, 100 frames a second.

As in the first generation (`..features`), with a finer envelope and how much of each band is noise (D4C; Morise, 2016).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyworld

from ...acoustics.melspectrum import mel_spectrum
from ...acoustics.vocoder import FFT_SIZE, HOP_LENGTH, SAMPLE_RATE
from ..features import fundamental
from .shards import BANDS, NOISE_BANDS, NOISE_STEP_DB, Measured, band_weights, to_bytes


def measure(samples: npt.NDArray[np.float32]) -> Measured:
    """Return the features of float32 [S] mono 16 kHz `samples`: S // HOP_LENGTH + 1 frames; 60 times real time."""
    wave = np.asarray(samples, np.float64)
    times = np.arange(len(samples) // HOP_LENGTH + 1) * (HOP_LENGTH / SAMPLE_RATE)
    pitch = fundamental(wave, len(times))
    power = pyworld.cheaptrick(wave, pitch, times, SAMPLE_RATE, fft_size=FFT_SIZE) @ band_weights(BANDS)
    noise = np.square(pyworld.d4c(wave, pitch, times, SAMPLE_RATE, fft_size=FFT_SIZE)) @ band_weights(NOISE_BANDS)
    voiced = pitch > 0
    frames = np.arange(len(pitch))
    filled = np.interp(frames, frames[voiced], pitch[voiced]) if voiced.any() else np.full(len(pitch), 120.0)
    return Measured(
        envelope=to_bytes(10 * np.log10(np.maximum(power, 1e-11))),
        noise=np.clip(np.round(-10 * np.log10(np.maximum(noise, 1e-6)) / NOISE_STEP_DB), 0, 255).astype(np.uint8),
        pitch_hz=filled.astype(np.float16),
        voiced=voiced,
        mel=to_bytes(mel_spectrum(samples)),
    )
