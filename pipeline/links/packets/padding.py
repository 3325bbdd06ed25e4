"""Packets in frames of a fixed length, and back, without a byte for the length.

A shorter packet is followed by 0x80 and zeros (ISO/IEC 7816-4, padding), a full one by nothing. Where the end of a full
packet looks like padding, its own checksum decides.
"""

from __future__ import annotations

from ...errors import PayloadError
from ...payload.format import checked_body
from .wire import Fragment, Parity, decode_packet


def pad(packet: bytes, size: int) -> bytes:
    """Return a packet of at most `size` bytes as a frame of exactly `size` bytes.

    Example:
        >>> pad(bytes([1, 2]), 5).hex()
        '0102800000'
    """
    return packet if len(packet) == size else (packet + b"\x80").ljust(size, b"\0")


def unpad(frame: bytes) -> bytes:
    """Return the packet in a frame; the frame itself if neither reading is a speechzip packet."""
    shorter = frame.rstrip(b"\0")
    if shorter.endswith(b"\x80") and is_whole(shorter[:-1]):
        return shorter[:-1]
    return frame


def is_whole(packet: bytes) -> bool:
    """Return whether a packet's checksum is right; its words are not decoded."""
    try:
        decoded = decode_packet(packet)
        if not isinstance(decoded, Parity):  # the check has removed its checksum
            checked_body(decoded.payload if isinstance(decoded, Fragment) else decoded)
    except PayloadError:
        return False
    return True
