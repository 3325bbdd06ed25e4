"""How many bytes the voices of a recording get, if their space is scalable."""

from __future__ import annotations

from ..types import VoiceBytes

USUAL = 16
"""Bytes of a voice in a short recording."""
LIVE, LIVE_SETTLED = 16, 32
"""Bytes of a voice in a live conversation: at first, when they delay the first packet, and of its last measurement."""
BYTES_PER_S = 3.5
"""Of conversations."""
WORTH = 0.05
"""Share of a payload that better voices may add to it."""


def voice_size(wanted: VoiceBytes, speakers: int, duration_s: float) -> int:
    """Return the bytes of each voice: the most that `WORTH` allows, if it is left to us.

    Args:
        wanted: by the user.
        speakers: how many there are.
        duration_s: of the recording.

    Example:
        >>> [voice_size("auto", 2, minutes * 60) for minutes in (1, 4, 10)], voice_size(8, 2, 60)
        ([16, 32, 64], 8)
    """
    if wanted != "auto":
        return wanted
    room = WORTH * BYTES_PER_S * duration_s
    return max([USUAL, *(size for size in (32, 64) if speakers * (size - USUAL) <= room)])
