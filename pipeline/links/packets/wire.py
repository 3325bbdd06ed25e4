"""Packets as bytes: a whole payload, a fragment of a message, or parity of its fragments. FORMAT.md has the bits.

    first byte    1010 vvvv   a payload of format version v, as it is
                  1011 iiii   fragment of message i: header of 2 bytes, payload
                  1001 iiii   parity of message i: header of 2 bytes, columns, CRC-16

No UTF-8 text begins with any of the three, so the first byte tells a packet from text.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass

from ...errors import PayloadCorrupt, PayloadTruncated
from ...payload.format import MAGIC

FRAGMENT, PARITY = 0b1011, 0b1001
"""The high half of the first byte; the low half is the message's number."""

HEADER_BYTES = 2
MESSAGE_NUMBERS = 16
MAX_FRAGMENTS = 22
"""There are 253 pairs of index and count up to this count: they fit one byte."""
MAX_PARITY = 8
MAX_PACKET_BYTES = 1024
"""The longest fragment or parity packet; a packet that is a whole payload may be longer."""

LENGTH_BYTES = 2
"""Bytes before each fragment in the code: its length without the header."""
CRC_BYTES = 2
SHORTEST_PAYLOAD = 3


@dataclass(frozen=True, slots=True)
class Fragment:
    """One packet of a message: a payload that can be decoded alone."""

    message: int
    """The message's number, [0, 15]."""
    index: int
    """Index of the packet in the message, from 0."""
    count: int
    """Fragments in the message, [1, `MAX_FRAGMENTS`]."""
    payload: bytes
    """The payload, whose checksum is not checked yet."""

    def encode(self) -> bytes:
        """Return the packet."""
        header = bytes([FRAGMENT << 4 | self.message, self.count * (self.count - 1) // 2 + self.index])
        return header + mask(self.payload, header)


@dataclass(frozen=True, slots=True)
class Parity:
    """A packet that replaces any lost fragment of its message."""

    message: int
    """The message's number, [0, 15]."""
    index: int
    """Index of the parity packet in the message, [0, `MAX_PARITY`)."""
    count: int
    """Fragments in the message, [1, `MAX_FRAGMENTS`]."""
    symbols: bytes
    """One parity symbol for each column of the fragments: two for their lengths, then those of the longest."""

    def encode(self) -> bytes:
        """Return the packet."""
        body = bytes([PARITY << 4 | self.message, (self.count - 1) * MAX_PARITY + self.index]) + self.symbols
        return body + binascii.crc_hqx(body, 0).to_bytes(CRC_BYTES, "little")


def decode_packet(packet: bytes) -> bytes | Fragment | Parity:
    """Return a packet as bytes that may be a payload, a fragment or parity.

    Raises:
        PayloadError: it is none of them. The payload, also that of a fragment, is not checked yet.
    """
    if not packet:
        raise PayloadTruncated("the packet is empty (0 bytes); ask for it again")
    kind, message = packet[0] >> 4, packet[0] & 15
    if kind not in (FRAGMENT, PARITY):
        return packet
    if len(packet) > MAX_PACKET_BYTES:
        raise PayloadCorrupt(f"a packet of a message has at most {MAX_PACKET_BYTES} bytes, this one {len(packet)}")
    if kind == FRAGMENT:
        if len(packet) < HEADER_BYTES + SHORTEST_PAYLOAD:
            raise PayloadTruncated(f"the packet ends after {len(packet)} bytes; ask for it again")
        count = next(count for count in range(1, MAX_FRAGMENTS + 2) if packet[1] < count * (count + 1) // 2)
        if count > MAX_FRAGMENTS:
            raise PayloadCorrupt(f"the packet claims to be number {packet[1]}, which no message has")
        return Fragment(message, packet[1] - count * (count - 1) // 2, count, mask(packet[2:], packet[:2]))
    if len(packet) < HEADER_BYTES + LENGTH_BYTES + SHORTEST_PAYLOAD + CRC_BYTES:
        raise PayloadTruncated(f"the packet ends after {len(packet)} bytes; ask for it again")
    body = packet[:-CRC_BYTES]
    if binascii.crc_hqx(body, 0).to_bytes(CRC_BYTES, "little") != packet[-CRC_BYTES:]:
        raise PayloadCorrupt("the parity packet is damaged: its checksum does not match; ask for it again")
    count, index = packet[1] // MAX_PARITY + 1, packet[1] % MAX_PARITY
    if count > MAX_FRAGMENTS:
        raise PayloadCorrupt(f"the packet claims a message of {count} packets; {MAX_FRAGMENTS} is the most")
    return Parity(message, index, count, body[HEADER_BYTES:])


def looks_like_packet(data: bytes) -> bool:
    """Return whether bytes begin as a packet does, for links that carry other people's data, too."""
    return bool(data) and data[0] >> 4 in (MAGIC, FRAGMENT, PARITY)


def mask(payload: bytes, header: bytes) -> bytes:
    """Return `payload` with its last two bytes XORed with the header; the second time, the payload is back.

    So the payload's own checksum, which is at its end, covers the header, too, at no cost.
    """
    return payload[:-2] + bytes(ours ^ theirs for ours, theirs in zip(payload[-2:], header, strict=True))
