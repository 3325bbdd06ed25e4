"""The parametric voice: pitch, its variability, speaking rate and spectral envelope of a speaker in ten bytes.

offset  size  meaning
0       1     median pitch: 50 Hz * 2^(b / 64)
1       1     high half: standard deviation of the pitch, in half semitones
              low half: speaking rate in characters a second, less 8
2       8     envelope correction: 16 bands of 4 bits, low half first; each (n - 8) * 2 dB
              above the mean spectrum of many speakers, `TYPICAL_DB`
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..acoustics.spectrum import BANDS

SPACE = "classical"
SIZE = 10
LOWEST_PITCH_HZ, STEPS_PER_OCTAVE = 50.0, 64
SLOWEST_RATE_CPS = 8
CORRECTION_STEP_DB = 2.0


DEFAULT_PITCH_HZ = 140.0
"""Between men and women: for unvoiced speech, such as whispering."""
DEFAULT_PITCH_DEVIATION, DEFAULT_RATE_CPS = 2.5, 15.0


@dataclass(frozen=True, slots=True)
class ParametricVoice:
    """The decoded bytes of a voice in the parametric space."""

    pitch_hz: float = DEFAULT_PITCH_HZ
    """Median fundamental frequency, 50 to 790 Hz."""
    pitch_deviation_semitones: float = DEFAULT_PITCH_DEVIATION
    """Standard deviation of the pitch, 0 to 7.5."""
    speaking_rate_cps: float = DEFAULT_RATE_CPS
    """Characters a second while speaking, 8 to 23."""
    envelope_correction_db: tuple[float, ...] = (0.0,) * BANDS
    """For each band, the level above the typical speaker: -16 to 14 dB."""

    def to_bytes(self) -> bytes:
        """Return the `SIZE` bytes that come nearest."""
        pitch = _clamp(STEPS_PER_OCTAVE * np.log2(self.pitch_hz / LOWEST_PITCH_HZ), 255)
        pitch_deviation = _clamp(2 * self.pitch_deviation_semitones, 15)
        speaking_rate_cps = _clamp(self.speaking_rate_cps - SLOWEST_RATE_CPS, 15)
        correction = [_clamp(level / CORRECTION_STEP_DB + 8, 15) for level in self.envelope_correction_db]
        pairs = [low | high << 4 for low, high in zip(correction[::2], correction[1::2], strict=True)]
        return bytes([pitch, pitch_deviation << 4 | speaking_rate_cps, *pairs])

    @classmethod
    def from_bytes(cls, embedding: bytes) -> ParametricVoice:
        """Return the decoded `embedding`; any bytes mean some voice, missing ones are typical."""
        padded = embedding[:SIZE] + cls().to_bytes()[len(embedding) :]
        correction = [half for pair in padded[2:] for half in (pair & 15, pair >> 4)]
        return cls(
            pitch_hz=LOWEST_PITCH_HZ * 2 ** (padded[0] / STEPS_PER_OCTAVE),
            pitch_deviation_semitones=(padded[1] >> 4) / 2,
            speaking_rate_cps=float((padded[1] & 15) + SLOWEST_RATE_CPS),
            envelope_correction_db=tuple((level - 8) * CORRECTION_STEP_DB for level in correction),
        )


def _clamp(value: float, highest: int) -> int:
    return max(0, min(highest, round(value)))
