"""The scalable voice of the space ``trained-2``: the most important numbers come first, so that each prefix is a voice.

bits       meaning; bit 0 is the lowest of the first byte
0 - 7      mean pitch, on a logarithmic scale: 50 Hz * 2^(b / 64)
8 - 11     standard deviation of the natural logarithm of the pitch, 0.05 + 0.03 n
12 - 15    speaking rate, 7 + n phones a second while speaking
16 -       numbers of 3 bits, each (n - 3.5) / 3.5, in the order of `ORDER`

A voice of S bytes has the (8 S - 16) / 3 numbers that are whole in it, at most `NUMBERS`; the others are 0. So 8, 16,
32 and 64 bytes have 16, 37, 80 and 165 of them. `voices/trained/corrections.py` says what the numbers of envelope and
classes stand for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .adaptation import Adaptation
from .trained_voice import BITS, PROSODY_BITS, Prosody, clamp, unpacked_prosody
from .trained_voice import SPACE as FIRST_SPACE

SPACE = "trained-2"
TRAINED_SPACES = frozenset({FIRST_SPACE, SPACE})
"""Their voices begin with the same pitch and speaking rate."""
OLDER_SPACES = {SPACE: (FIRST_SPACE,)}
"""Space -> those that the same synthesizers speak in, for people whose voice was measured by an earlier release."""
SIZES = (8, 16, 32, 64)
"""Bytes of the voices that an encoder sends."""
TIMBRE, ENVELOPE, CLASSES = 20, 17, 128
"""Numbers of the voice network; cepstral coefficients of the correction of all sounds; components of the corrections
of classes of sounds."""
NUMBERS = TIMBRE + ENVELOPE + CLASSES
_TIMBRE, _ENVELOPE, _CLASSES = 0, TIMBRE, TIMBRE + ENVELOPE
ORDER = (
    *range(_TIMBRE, _TIMBRE + 5),
    *range(_ENVELOPE, _ENVELOPE + 11),
    *range(_TIMBRE + 5, _TIMBRE + TIMBRE),
    *range(_ENVELOPE + 11, _ENVELOPE + ENVELOPE),
    *range(_CLASSES, _CLASSES + CLASSES),
)
"""Place in the bytes -> index in timbre, envelope and classes, one after another."""


@dataclass(frozen=True, slots=True)
class ScalableVoice(Prosody):
    """The decoded bytes of a voice in the space ``trained-2``. Every number is in [-1, 1]."""

    timbre: tuple[float, ...] = (0.0,) * TIMBRE
    """The first `TIMBRE` numbers of the voice network."""
    envelope: tuple[float, ...] = (0.0,) * ENVELOPE
    """How the speaker's mean spectrum differs from the network's."""
    classes: tuple[float, ...] = (0.0,) * CLASSES
    """How the mean spectra of classes of sounds differ beyond that."""
    adaptation: Adaptation | None = field(default=None, compare=False)
    """Of an enrolled voice: how each sound of this person differs beyond all that. It is not among the bytes."""

    def to_bytes(self, size: int = SIZES[-1]) -> bytes:
        """Return the `size` bytes that come nearest."""
        packed = self.packed()
        numbers = [*self.timbre, *self.envelope, *self.classes]
        for place in range(count(size)):
            packed |= clamp(3.5 * numbers[ORDER[place]] + 3.5, 7) << (PROSODY_BITS + BITS * place)
        return packed.to_bytes(size, "little")

    @classmethod
    def from_bytes(cls, embedding: bytes) -> ScalableVoice:
        """Return the decoded `embedding`; any bytes mean some voice, missing ones are neutral."""
        packed = int.from_bytes(embedding, "little")
        numbers = [0.0] * NUMBERS
        for place in range(count(len(embedding))):
            numbers[ORDER[place]] = ((packed >> (PROSODY_BITS + BITS * place) & 7) - 3.5) / 3.5
        prosody = unpacked_prosody(embedding)
        return cls(
            prosody.pitch_hz,
            prosody.pitch_deviation,
            prosody.speaking_rate_pps,
            timbre=tuple(numbers[:_ENVELOPE]),
            envelope=tuple(numbers[_ENVELOPE:_CLASSES]),
            classes=tuple(numbers[_CLASSES:]),
        )

    def condition(self, latent: int) -> npt.NDArray[np.float32]:
        """Return the networks' input: timbre and zeros to `latent` numbers, scaled prosody; float32 [latent + 3]."""
        return np.array([*self.timbre, *[0.0] * (latent - TIMBRE), *self.scaled()], np.float32)


def count(size: int) -> int:
    """Return how many numbers of 3 bits a voice of `size` bytes has.

    Example:
        >>> [count(size) for size in SIZES]
        [16, 37, 80, 165]
    """
    return min(max((8 * size - PROSODY_BITS) // BITS, 0), NUMBERS)
