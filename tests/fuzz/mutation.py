"""Mutations that know the formats: checksums are corrected afterwards, so that the code behind them is reached."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from itertools import pairwise
from random import Random

from fakes import with_checksum
from speechzip.pipeline.audio.ogg import PAGE_HEADER, page_checksum
from speechzip.pipeline.live.wire.frames import CHECKSUM_BYTES

HEAD_BYTES = 64
"""Every second edit falls in this range: the start of a file determines how the rest is read."""
TELLING = (0, 1, 2, 0x1F, 0x7E, 0x7F, 0x80, 0x81, 0xFE, 0xFF)
"""Values at the edges of lengths, flags and varints."""
FLAC_FRAME = re.compile(rb"\xff[\xf8\xf9]")
LONG_VARINTS = (b"\xff\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x80\x01", b"\xff\x7f", b"\x80\x00", b"\xff\xff\x03")


def mutate(rng: Random, seeds: Sequence[bytes], max_bytes: int) -> bytes:
    """Return one of `seeds` with one to eight edits, at most `max_bytes` long."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 2, 3, 5, 8))):
        at = rng.randrange(min(len(data), HEAD_BYTES if rng.randrange(2) else len(data)) + 1)
        end = min(len(data), at + rng.choice((1, 1, 2, 4, 16, 64)))
        match rng.randrange(9):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1 if at < len(data):
                data[at] = rng.randrange(256)
            case 2 if at < len(data):
                data[at] = rng.choice(TELLING)
            case 3:
                data[at:at] = rng.randbytes(rng.choice((1, 2, 8, 40)))
            case 4:
                del data[at:end]
            case 5:
                data[at:at] = data[at:end] * rng.choice((1, 2, 8, 64))
            case 6:
                other = rng.choice(seeds)
                data[at:end] = other[rng.randrange(len(other) + 1) :][: rng.choice((2, 8, 32, 400))]
            case 7:
                data[at:end] = rng.choice(LONG_VARINTS)
            case _:
                if rng.randrange(4) == 0:
                    del data[at:]
    return bytes(data[:max_bytes])


def with_payload_checksum(data: bytes) -> bytes:
    """Return `data` with a checksum of its length and content in place of its last two bytes."""
    return with_checksum(data[:-2])


def with_last_crc(data: bytes) -> bytes:
    """Return `data` with its own CRC-32 in place of its last four bytes: a voice file, a frame."""
    body = data[:-CHECKSUM_BYTES]
    return body + zlib.crc32(body).to_bytes(CHECKSUM_BYTES, "little")


def fix_ogg_checksums(data: bytes) -> bytes:
    """Return `data` with the CRC-32 of each Ogg page (RFC 3533) corrected; a decoder skips other pages."""
    fixed, at = bytearray(data), 0
    while (at := data.find(b"OggS", at)) >= 0 and len(data) >= at + PAGE_HEADER.size:
        body = at + PAGE_HEADER.size + data[at + PAGE_HEADER.size - 1]
        end = body + sum(data[at + PAGE_HEADER.size : body])
        fixed[at + 22 : at + 26] = bytes(4)
        fixed[at + 22 : at + 26] = page_checksum(bytes(fixed[at:end])).to_bytes(4, "little")
        at += 4
    return bytes(fixed)


def fix_flac_checksums(data: bytes) -> bytes:
    """Return `data` with the CRC-8 and the CRC-16 of the frame of each FLAC file in it corrected (RFC 9639)."""
    fixed = bytearray(data)
    files = [match.start() for match in re.finditer(rb"fLaC", data)]
    for begin, end in pairwise([*files, len(data)]):
        start = next((match.start() for match in FLAC_FRAME.finditer(data, begin, end)), end)
        head = _flac_header_length(data[start:end])
        if 0 < head < end - start - 3:
            fixed[start + head] = _crc(fixed[start : start + head], 8, 0x07)
            fixed[end - 2 : end] = _crc(fixed[start : end - 2], 16, 0x8005).to_bytes(2, "big")
    return bytes(fixed)


def _flac_header_length(frame: bytes) -> int:
    """Return the length of a frame's header without its CRC-8; 0 if it is too short to be one."""
    if len(frame) < 16:
        return 0
    number = max(1, f"{frame[4]:08b}".find("0"))
    return 4 + number + {6: 1, 7: 2}.get(frame[2] >> 4, 0) + {12: 1, 13: 2, 14: 2}.get(frame[2] & 15, 0)


def _crc(data: bytes | bytearray, width: int, polynomial: int) -> int:
    """Return a CRC that is not reflected and starts from zero."""
    crc, top = 0, 1 << width - 1
    for byte in data:
        crc ^= byte << width - 8
        for _ in range(8):
            crc = (crc << 1 ^ polynomial if crc & top else crc << 1) & (1 << width) - 1
    return crc
