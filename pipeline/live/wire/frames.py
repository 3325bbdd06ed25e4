"""The envelope of everything on a live link.

    offset  size  meaning
    0       1     kind of the frame
    1       1-2   length n of the body, a varint (LEB128), at most MAX_BODY
    .       n     body
    .       4     CRC-32/ISO-HDLC of all before it, little-endian

A damaged length makes the checksum fail, or makes a frame that never ends, which the link's
time-outs catch.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import ProtocolError
from ...system.varint import decode_varint, encode_varint

MAX_BODY = 4096
"""Bytes of the longest body. The longest segment of speech, 18 s, takes some 300 bytes."""
CHECKSUM_BYTES = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it came, its checksum verified and taken off."""

    kind: int
    """Meaning of the body: one of `FrameKind` in a known version."""
    body: bytes
    """Up to `MAX_BODY` bytes, untrusted."""


def encode_frame(kind: int, body: bytes) -> bytes:
    """Return the bytes of a frame; `body` has at most `MAX_BODY` bytes."""
    assert len(body) <= MAX_BODY
    head = bytes([kind]) + encode_varint(len(body)) + body
    return head + zlib.crc32(head).to_bytes(CHECKSUM_BYTES, "little")


class FrameReader:
    """Cut a stream of bytes into frames; holds no more than one frame between two calls."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def inside(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._buffer)

    def push(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that end within `data`, the bytes that follow the last call's.

        Raises:
            ProtocolError: a frame is too long or damaged; the stream cannot be read on.
        """
        self._buffer += data
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> Frame | None:
        try:
            length, body_start = decode_varint(self._buffer, 1)
        except EOFError:
            return None
        except ValueError as error:
            raise ProtocolError("a frame from the peer has no possible length") from error
        if length > MAX_BODY:
            raise ProtocolError(f"the peer announces a frame of {length} bytes; {MAX_BODY} is the most")
        end = body_start + length
        if len(self._buffer) < end + CHECKSUM_BYTES:
            return None
        checksum = bytes(self._buffer[end : end + CHECKSUM_BYTES])
        if zlib.crc32(self._buffer[:end]).to_bytes(CHECKSUM_BYTES, "little") != checksum:
            raise ProtocolError("a frame from the peer is damaged: its checksum does not match")
        frame = Frame(self._buffer[0], bytes(self._buffer[body_start:end]))
        del self._buffer[: end + CHECKSUM_BYTES]
        return frame


def read_varint(body: bytes, position: int = 0) -> tuple[int, int]:
    """Return the LEB128 number at `position`, and the position after it.

    Raises:
        ProtocolError: it is cut short, longer than 32 bits, or longer than it needs to be.
    """
    try:
        return decode_varint(body, position)
    except EOFError as error:
        raise ProtocolError("a number from the peer is cut short") from error
    except ValueError as error:
        raise ProtocolError(f"the peer sends a number that is none: {error}") from error
