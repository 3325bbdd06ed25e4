"""The classical voice: pitch, liveliness, pace and colour of a speaker in ten bytes.

offset  size  meaning
0       1     median pitch: 50 Hz * 2^(b / 64)
1       1     high half: standard deviation of the pitch, in half semitones
              low half: pace in characters a second, less 8
2       8     colour: 16 bands of 4 bits, low half first; each (n - 8) * 2 dB
              above the mean spectrum of many speakers, `TYPICAL_DB`
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..acoustics.spectrum import BANDS

SPACE = "classical"
SIZE = 10
LOWEST_PITCH_HZ, STEPS_PER_OCTAVE = 50.0, 64
SLOWEST_PACE = 8
COLOUR_STEP_DB = 2.0


DEFAULT_PITCH_HZ = 140.0
"""Between men and women: for speech that is never voiced, such as whispering."""
DEFAULT_SPREAD, DEFAULT_PACE = 2.5, 15.0


@dataclass(frozen=True, slots=True)
class ClassicalVoice:
    """What the bytes of a voice in the space ``classical`` mean."""

    pitch_hz: float = DEFAULT_PITCH_HZ
    """Median fundamental frequency, 50 to 790 Hz."""
    spread_semitones: float = DEFAULT_SPREAD
    """Standard deviation of the pitch, 0 to 7.5."""
    pace: float = DEFAULT_PACE
    """Characters a second while speaking, 8 to 23."""
    colour_db: tuple[float, ...] = (0.0,) * BANDS
    """For each band, how far above the typical speaker: -16 to 14 dB."""

    def to_bytes(self) -> bytes:
        """Return the `SIZE` bytes that come nearest."""
        pitch = _clamp(STEPS_PER_OCTAVE * np.log2(self.pitch_hz / LOWEST_PITCH_HZ), 255)
        spread = _clamp(2 * self.spread_semitones, 15)
        pace = _clamp(self.pace - SLOWEST_PACE, 15)
        colour = [_clamp(level / COLOUR_STEP_DB + 8, 15) for level in self.colour_db]
        pairs = [low | high << 4 for low, high in zip(colour[::2], colour[1::2], strict=True)]
        return bytes([pitch, spread << 4 | pace, *pairs])

    @classmethod
    def from_bytes(cls, embedding: bytes) -> ClassicalVoice:
        """Return what `embedding` means; any bytes mean some voice, missing ones are typical."""
        padded = embedding[:SIZE] + cls().to_bytes()[len(embedding) :]
        colour = [half for pair in padded[2:] for half in (pair & 15, pair >> 4)]
        return cls(
            pitch_hz=LOWEST_PITCH_HZ * 2 ** (padded[0] / STEPS_PER_OCTAVE),
            spread_semitones=(padded[1] >> 4) / 2,
            pace=float((padded[1] & 15) + SLOWEST_PACE),
            colour_db=tuple((level - 8) * COLOUR_STEP_DB for level in colour),
        )


def _clamp(value: float, highest: int) -> int:
    return max(0, min(highest, round(value)))
