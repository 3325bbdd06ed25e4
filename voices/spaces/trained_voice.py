"""The trained voice: measured parameters and the timbre from a network, in sixteen bytes.

bits       meaning; bit 0 is the lowest of the first byte
0 - 7      mean pitch, on a logarithmic scale: 50 Hz * 2^(b / 64)
8 - 11     standard deviation of the natural logarithm of the pitch, 0.05 + 0.03 n
12 - 15    speaking rate, 7 + n phones a second while speaking
16 - 75    timbre: 20 numbers of 3 bits, each (n - 3.5) / 3.5
76 - 123   envelope correction: 16 numbers of 3 bits, each (n - 4) * 2 dB, on the mel scale evenly from 0 Hz to
           8 kHz, added to every envelope from the network
124 - 127  0

Other steps were measured: 4 bits for each number raise the similarity from 0.677 to 0.684 (19 held-out
readers), which is not worth four bytes for every voice. A timbre of 2 bits separates voices less well
(equal error rate 10.6 % instead of 8.2 %).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SPACE = "trained-1"
"""One space for each set of weights: other weights cannot use the timbre."""
TIMBRE = 20
CORRECTIONS = 16
SIZE = 16
PROSODY_BITS, BITS = 16, 3
"""Of pitch and pace together; of each number of timbre and envelope correction."""
LOWEST_PITCH_HZ, STEPS_PER_OCTAVE = 50.0, 64
LOWEST_PITCH_DEVIATION, PITCH_DEVIATION_STEP = 0.05, 0.03
SLOWEST_RATE_PPS = 7
CORRECTION_STEP_DB = 2.0
NEUTRAL_PITCH_HZ = 150.0
"""Between men and women: for unvoiced speech, and for the neutral voice."""

PITCH_CENTER, PITCH_SCALE = 5.05, 0.4
"""Natural logarithm of 156 Hz, between men and women; 0.4 is half an octave."""
PITCH_DEVIATION_CENTER, PITCH_DEVIATION_SCALE = 0.2, 0.12
RATE_CENTER, RATE_SCALE = 13.0, 4.0
"""Scale of the measured part for the networks, to about [-1, 1]."""


@dataclass(frozen=True, slots=True)
class Prosody:
    """The measured part of a trained voice, the first `PROSODY_BITS` of its bytes in every trained space."""

    pitch_hz: float = NEUTRAL_PITCH_HZ
    """Geometric mean of the fundamental frequency, 50 to 790 Hz."""
    pitch_deviation: float = 0.2
    """Standard deviation of the natural logarithm of the pitch, 0.05 to 0.5; 0.06 is a semitone."""
    speaking_rate_pps: float = 13.0
    """Phones a second while speaking, 7 to 22."""

    def packed(self) -> int:
        """Return the `PROSODY_BITS` that come nearest."""
        pitch = clamp(STEPS_PER_OCTAVE * math.log2(self.pitch_hz / LOWEST_PITCH_HZ), 255)
        pitch_deviation = clamp((self.pitch_deviation - LOWEST_PITCH_DEVIATION) / PITCH_DEVIATION_STEP, 15)
        speaking_rate_pps = clamp(self.speaking_rate_pps - SLOWEST_RATE_PPS, 15)
        return pitch | pitch_deviation << 8 | speaking_rate_pps << 12

    def scaled(self) -> tuple[float, float, float]:
        """Return it as the networks take it, see `scaled_prosody`."""
        return scaled_prosody(math.log(self.pitch_hz), self.pitch_deviation, self.speaking_rate_pps)


def unpacked_prosody(embedding: bytes) -> Prosody:
    """Return the prosody at the start of an embedding; missing bytes are neutral."""
    neutral = Prosody().packed().to_bytes(PROSODY_BITS // 8, "little")
    packed = int.from_bytes((embedding[: len(neutral)] + neutral[len(embedding) :])[: len(neutral)], "little")
    return Prosody(
        pitch_hz=LOWEST_PITCH_HZ * 2 ** ((packed & 255) / STEPS_PER_OCTAVE),
        pitch_deviation=LOWEST_PITCH_DEVIATION + PITCH_DEVIATION_STEP * (packed >> 8 & 15),
        speaking_rate_pps=float(SLOWEST_RATE_PPS + (packed >> 12 & 15)),
    )


@dataclass(frozen=True, slots=True)
class TrainedVoice(Prosody):
    """The decoded bytes of a voice in the space ``trained-1``."""

    timbre: tuple[float, ...] = (0.0,) * TIMBRE
    """`TIMBRE` numbers in [-1, 1], of the voice network's own."""
    envelope_correction_db: tuple[float, ...] = (0.0,) * CORRECTIONS
    """`CORRECTIONS` levels, -8 to 6 dB: the speaker's mean spectrum minus the network's."""

    def to_bytes(self) -> bytes:
        """Return the `SIZE` bytes that come nearest."""
        timbre = [clamp(3.5 * number + 3.5, 7) for number in self.timbre]
        correction = [clamp(level / CORRECTION_STEP_DB + 4, 7) for level in self.envelope_correction_db]
        packed = self.packed()
        for place, number in enumerate(timbre + correction):
            packed |= number << (PROSODY_BITS + BITS * place)
        return packed.to_bytes(SIZE, "little")

    @classmethod
    def from_bytes(cls, embedding: bytes) -> TrainedVoice:
        """Return the decoded `embedding`; any bytes mean some voice, missing ones are neutral."""
        packed = int.from_bytes(embedding[:SIZE] + cls().to_bytes()[len(embedding) :], "little")
        numbers = [packed >> (PROSODY_BITS + BITS * place) & 7 for place in range(TIMBRE + CORRECTIONS)]
        prosody = unpacked_prosody(embedding)
        return cls(
            prosody.pitch_hz,
            prosody.pitch_deviation,
            prosody.speaking_rate_pps,
            timbre=tuple((number - 3.5) / 3.5 for number in numbers[:TIMBRE]),
            envelope_correction_db=tuple((number - 4) * CORRECTION_STEP_DB for number in numbers[TIMBRE:]),
        )

    def condition(self) -> npt.NDArray[np.float32]:
        """Return the network's input: timbre, scaled pitch, its deviation, speaking rate; float32 [TIMBRE + 3]."""
        return np.array([*self.timbre, *self.scaled()], np.float32)


def scaled_prosody(log_pitch: float, pitch_deviation: float, speaking_rate_pps: float) -> tuple[float, float, float]:
    """Return log pitch (natural, of Hz), its deviation and the speaking rate, each scaled to about [-1, 1]."""
    return (
        (log_pitch - PITCH_CENTER) / PITCH_SCALE,
        (pitch_deviation - PITCH_DEVIATION_CENTER) / PITCH_DEVIATION_SCALE,
        (speaking_rate_pps - RATE_CENTER) / RATE_SCALE,
    )


def clamp(value: float, highest: int) -> int:
    """Return the whole number in [0, highest] that is nearest to `value`."""
    return max(0, min(highest, round(value)))
