"""What an enrolled voice has beyond its 64 bytes: how each sound of this person differs from what the networks make.

offset  size          meaning
0       1             version, 1
1       24            n, scale of each cepstral coefficient: 2^(n / 16 - 14) dB for a weight of 1
25      24            n, gain of each cepstral coefficient: 1 + n / 256
49      4,944         weights [FEATURES, COEFFICIENTS], row by row: signed, 8 bits

`voices/trained/adapted.py` says what they are for. Any bytes of this length that begin with the version mean some
adaptation, and each number of it is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import VoiceError

VERSION = 1
COEFFICIENTS = 24
"""Cepstral coefficients of the envelope that are changed, from the level on."""
SOUNDS = 41
"""Silence and the 40 phones."""
COMPARED, MOVING = 16, 12
"""Cepstral coefficients that weights are for; of these, those that have weights by voicing and movement, too."""
FEATURES = 4 * SOUNDS + COMPARED + 2 * MOVING + 2
SIZE = 1 + 2 * COEFFICIENTS + FEATURES * COEFFICIENTS
"""Bytes of an adaptation."""
MAX_GAIN = 1 + 255 / 256
_STEPS, _LOWEST = 16, -14
_HEAD, _GAINS, _WEIGHTS = 1, 1 + COEFFICIENTS, 1 + 2 * COEFFICIENTS


@dataclass(frozen=True, slots=True, eq=False)
class Adaptation:
    """The decoded bytes."""

    weights_db: npt.NDArray[np.float64]
    """float64 [FEATURES, COEFFICIENTS]: a frame's features times these are its change, in cepstral coefficients."""
    gains: npt.NDArray[np.float64]
    """float64 [COEFFICIENTS], in [1, `MAX_GAIN`]: by how much the coefficients of the speech vary more."""

    def to_bytes(self) -> bytes:
        """Return the `SIZE` bytes that come nearest."""
        largest = np.maximum(np.abs(self.weights_db).max(axis=0), 1e-9) / 127
        exponents = np.clip(np.ceil((np.log2(largest) - _LOWEST) * _STEPS), 0, 255).astype(np.uint8)
        weights = np.clip(np.round(self.weights_db / _scales(exponents)), -127, 127).astype(np.int8)
        gains = np.clip(np.round((self.gains - 1) * 256), 0, 255).astype(np.uint8)
        return b"".join([bytes([VERSION]), exponents.tobytes(), gains.tobytes(), weights.tobytes()])

    @classmethod
    def from_bytes(cls, content: bytes) -> Adaptation:
        """Return the adaptation that some bytes mean.

        Raises:
            VoiceError: it has another version or length.
        """
        check(content)
        exponents = np.frombuffer(content, np.uint8, COEFFICIENTS, _HEAD)
        gains = np.frombuffer(content, np.uint8, COEFFICIENTS, _GAINS)
        weights = np.frombuffer(content, np.int8, FEATURES * COEFFICIENTS, _WEIGHTS).reshape(FEATURES, COEFFICIENTS)
        return cls(weights * _scales(exponents), 1 + gains / 256)


def check(content: bytes) -> None:
    """Check the version and the length of an adaptation; there is nothing else that can be wrong with one.

    Raises:
        VoiceError: they are not those that this release reads.
    """
    if content[:1] and content[0] > VERSION:
        raise VoiceError(
            f"the enrolled voice is of version {content[0]}, this release reads {VERSION}; upgrade speechzip"
        )
    if content[:1] != bytes([VERSION]) or len(content) != SIZE:
        raise VoiceError(f"an enrolled voice of {len(content)} bytes is none: {SIZE} are needed; ask for it again")


def _scales(exponents: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    return np.asarray(2.0 ** (exponents.astype(np.float64) / _STEPS + _LOWEST), np.float64)
