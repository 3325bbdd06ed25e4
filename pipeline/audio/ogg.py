"""Opus packets: extracted from an Ogg file, and put back into one (RFC 3533, RFC 7845).

A file spends 1100 bytes on page headers, comments and padding; a payload has none to spare.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

PAGE_HEADER = struct.Struct("<4sBBqIIIB")
"""Capture pattern, version, flags, granule position, serial number, page number, checksum, segments."""
FIRST_PAGE, LAST_PAGE = 2, 4
SEGMENT = 255
"""A packet consists of segments of this size; a shorter one, possibly empty, ends it."""
PACKETS_PER_PAGE = 50
HEADER_PACKETS = 2
"""OpusHead and OpusTags come before the sound."""
PRE_SKIP = 312
"""Lookahead of the encoder in samples at 48 kHz: 6.5 ms (libopus)."""
POLYNOMIAL = 0x04C11DB7


def opus_packets(file: bytes) -> list[bytes]:
    """Return the audio packets of an Ogg Opus file that we wrote."""
    packets: list[bytes] = []
    position, partial = 0, b""
    while position < len(file):
        segments = file[position + PAGE_HEADER.size - 1]
        body = position + PAGE_HEADER.size + segments
        for length in file[position + PAGE_HEADER.size : body]:
            partial += file[body : body + length]
            body += length
            if length < SEGMENT:
                packets.append(partial)
                partial = b""
        position = body
    return packets[HEADER_PACKETS:]


def ogg_opus(packets: Sequence[bytes], samples_per_packet: int, sample_rate: int) -> bytes:
    """Return an Ogg Opus file around packets of mono sound.

    Args:
        packets: Opus packets, each less than 50 times 255 bytes.
        samples_per_packet: at 48 kHz, for any `sample_rate`.
        sample_rate: of what was encoded, in Hz.
    """
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, PRE_SKIP, sample_rate, 0, 0)
    tags = struct.pack("<8sII", b"OpusTags", 0, 0)
    pages = [_page([head], 0, 0, FIRST_PAGE), _page([tags], 1, 0, 0)]
    for start in range(0, len(packets), PACKETS_PER_PAGE):
        batch = packets[start : start + PACKETS_PER_PAGE]
        done = start + len(batch)
        flags = LAST_PAGE if done == len(packets) else 0
        pages.append(_page(batch, len(pages), done * samples_per_packet, flags))
    return b"".join(pages)


def _page(packets: Iterable[bytes], number: int, granule: int, flags: int) -> bytes:
    body = b"".join(packets)
    lacing = b"".join(bytes([SEGMENT] * (len(packet) // SEGMENT) + [len(packet) % SEGMENT]) for packet in packets)
    header = PAGE_HEADER.pack(b"OggS", 0, flags, granule, 1, number, 0, len(lacing)) + lacing
    checksum = struct.pack("<I", page_checksum(header + body))
    return header[:22] + checksum + header[26:] + body


def page_checksum(page: bytes) -> int:
    """Return the CRC-32 of a page whose own checksum is zero (RFC 3533): not reflected, starting from zero."""
    crc = 0
    for byte in page:
        crc = (crc << 8 ^ _TABLE[crc >> 24 ^ byte]) & 0xFFFFFFFF
    return crc


def _table_entry(byte: int) -> int:
    crc = byte << 24
    for _ in range(8):
        crc = crc << 1 ^ (POLYNOMIAL if crc & 0x80000000 else 0)
    return crc & 0xFFFFFFFF


_TABLE = [_table_entry(byte) for byte in range(256)]
