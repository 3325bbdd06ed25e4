"""Unnumbered information (UI) frames of AX.25 2.2, and KISS framing. Bytes in, bytes out.

    address     7 bytes each: six characters shifted left by one, then SSID (bits 1 to 4); bit 0 marks the last address
    frame       destination | source | up to 8 digipeaters | control 0x03 | PID 0xF0 | information, up to 256 bytes
    KISS        0xC0 | 0x00 (data for port 0) | frame, with C0 as DB DC and DB as DB DD | 0xC0

Sources: AX.25 2.2 (TAPR, 1998), sections 2 and 3.12; Chepponis and Karn, "The KISS TNC", 1987.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...errors import InputError

FEND, FESC, TFEND, TFESC = b"\xc0", b"\xdb", b"\xdc", b"\xdd"
DATA_PORT_0 = 0x00
UI, NO_LAYER_3 = 0x03, 0xF0
ADDRESS_BYTES = 7
MAX_INFORMATION = 256
MAX_ADDRESSES = 10
MAX_FRAME = MAX_ADDRESSES * ADDRESS_BYTES + 2 + MAX_INFORMATION
"""The longest frame, unescaped."""

CALLSIGN = re.compile(r"([A-Z0-9]{3,6})(?:-([0-9]|1[0-5]))?")


@dataclass(frozen=True, slots=True)
class Frame:
    """A UI frame."""

    source: str
    """Callsign of the sender, such as N0CALL-7. It is not authenticated."""
    destination: str
    """Callsign, or a name that stands for everybody."""
    information: bytes
    """The content."""


def parse_callsign(text: str) -> str:
    """Return a callsign in capitals.

    Raises:
        InputError: it is not a callsign.

    Example:
        >>> parse_callsign("n0call-7")
        'N0CALL-7'
    """
    callsign = text.strip().upper()
    if not CALLSIGN.fullmatch(callsign):
        raise InputError(f"{text!r} is no callsign: 3 to 6 letters and digits, and -0 to -15 behind them if wanted")
    return callsign


def encode_frame(source: str, destination: str, path: Sequence[str], information: bytes) -> bytes:
    """Return a UI frame.

    Args:
        source: our callsign.
        destination: callsign.
        path: callsigns of digipeaters.
        information: at most `MAX_INFORMATION` bytes.
    """
    addresses = [destination, source, *path]
    encoded = [_address(callsign, command=index == 0) for index, callsign in enumerate(addresses)]
    encoded[-1] = encoded[-1][:-1] + bytes([encoded[-1][-1] | 1])
    return b"".join(encoded) + bytes([UI, NO_LAYER_3]) + information


def decode_frame(frame: bytes) -> Frame | None:
    """Return the UI frame in bytes from a radio; None for other kinds of frame and for garbage."""
    ends = range(ADDRESS_BYTES - 1, min(len(frame), MAX_ADDRESSES * ADDRESS_BYTES), ADDRESS_BYTES)
    last = next((end for end in ends if frame[end] & 1), None)
    if last is None or last < 2 * ADDRESS_BYTES - 1 or frame[last + 1 : last + 3] != bytes([UI, NO_LAYER_3]):
        return None
    information = frame[last + 3 :]
    source = _callsign(frame[ADDRESS_BYTES : 2 * ADDRESS_BYTES])
    destination = _callsign(frame[:ADDRESS_BYTES])
    if source is None or destination is None or len(information) > MAX_INFORMATION:
        return None
    return Frame(source, destination, information)


def encode_kiss(frame: bytes) -> bytes:
    """Return a frame in KISS framing.

    Example:
        >>> encode_kiss(bytes([0xC0, 0x41])).hex()
        'c000dbdc41c0'
    """
    escaped = frame.replace(FESC, FESC + TFESC).replace(FEND, FESC + TFEND)
    return FEND + bytes([DATA_PORT_0]) + escaped + FEND


class KissReader:
    """Finds frames in the bytes of a TNC. Bytes beyond the longest frame are dropped, so memory stays bounded."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def push(self, data: bytes) -> Iterator[bytes]:
        """Yield the frames that end within `data`."""
        self._waiting += data
        *blocks, rest = bytes(self._waiting).split(FEND)
        self._waiting = bytearray(rest[: 2 * MAX_FRAME + 2])
        for block in blocks:
            if len(block) > 1 and block[0] & 0x0F == DATA_PORT_0 and len(block) <= 2 * MAX_FRAME + 1:
                yield block[1:].replace(FESC + TFEND, FEND).replace(FESC + TFESC, FESC)


def _address(callsign: str, command: bool) -> bytes:
    name, _, ssid = callsign.partition("-")
    shifted = bytes(ord(character) << 1 for character in name.ljust(6))
    return shifted + bytes([command << 7 | 0b0110_0000 | int(ssid or 0) << 1])


def _callsign(address: bytes) -> str | None:
    name = bytes(byte >> 1 for byte in address[:6]).decode("ascii").rstrip()
    ssid = address[6] >> 1 & 15
    callsign = f"{name}-{ssid}" if ssid else name
    return callsign if CALLSIGN.fullmatch(callsign) else None
