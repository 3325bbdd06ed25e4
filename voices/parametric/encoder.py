"""Measure a parametric voice; no model, no training."""

from __future__ import annotations

import numpy as np
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Samples, Voice

from ..acoustics.pitch import fundamental_frequency
from ..acoustics.spectrum import TYPICAL_DB, average_spectrum
from ..spaces.parametric_voice import DEFAULT_PITCH_DEVIATION, DEFAULT_PITCH_HZ, SPACE, ParametricVoice

SILENT_BAND_DB = -18.0
"""A band this far below the typical speaker was not recorded (a telephone stops at 3.4 kHz): it tells
nothing about the voice and counts as typical."""


class ParametricVoiceEncoder:
    """Measure pitch, speaking rate and spectral envelope; no model, no training.

    Example:
        >>> import numpy as np
        >>> hum = np.sin(np.arange(32000) * 2 * np.pi * 120 / 16000).astype(np.float32)
        >>> voice = ParametricVoiceEncoder().encode(hum, "Hmm.")
        >>> round(ParametricVoice.from_bytes(voice.embedding).pitch_hz)
        120
    """

    name = "classical"
    space = SPACE

    def encode(self, samples: Samples, transcript: str) -> Voice:
        """Return the voice of the speaker of `transcript` in float32 [T] mono 16 kHz `samples`."""
        pitch = fundamental_frequency(samples, ENGINE_SAMPLE_RATE)
        deviation = average_spectrum(samples, ENGINE_SAMPLE_RATE) - TYPICAL_DB
        measured = ParametricVoice(
            pitch_hz=float(np.median(pitch)) if len(pitch) else DEFAULT_PITCH_HZ,
            # The 16th to the 84th percentile span two standard deviations, without octave errors outside of them.
            pitch_deviation_semitones=float(np.ptp(12 * np.log2(np.percentile(pitch, [16, 84]))) / 2)
            if len(pitch)
            else DEFAULT_PITCH_DEVIATION,
            speaking_rate_cps=len(transcript) / max(len(samples) / ENGINE_SAMPLE_RATE, 0.1),
            envelope_correction_db=tuple(0.0 if level < SILENT_BAND_DB else float(level) for level in deviation),
        )
        return Voice(SPACE, measured.to_bytes())
