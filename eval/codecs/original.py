"""No codec: the anchor for the comparison."""

from __future__ import annotations

from speechzip.pipeline import Audio

from ..types import Codec, Coded
from .sound import mono

PACKET_S = 0.02
"""Uncompressed speech travels in packets of 20 ms (RFC 3551, section 4.2)."""


class OriginalCodec(Codec):
    """16-bit PCM, one channel, at the recording's own rate; the sound is unchanged."""

    name = family = "original"

    def code(self, audio: Audio) -> Coded:
        """Return `audio` itself; the bits are those of one channel."""
        return Coded(audio, 16.0 * len(mono(audio)), round(audio.duration_s / PACKET_S), 0.0, 0.0)
