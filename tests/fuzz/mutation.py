"""Mutations that know the formats: checksums are put right afterwards, so that what they guard is reached."""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Sequence
from random import Random

from speechzip.pipeline.live.wire.frames import CHECKSUM_BYTES
from speechzip.pipeline.payload.format import SMALL_PAYLOAD

MAX_BYTES = 8192
TELLING = (0, 1, 2, 0x1F, 0x7E, 0x7F, 0x80, 0x81, 0xFE, 0xFF)
"""Values at the edges of lengths, flags and varints."""
LONG_VARINTS = (b"\xff\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x80\x01", b"\xff\x7f", b"\x80\x00", b"\xff\xff\x03")


def mutate(rng: Random, seeds: Sequence[bytes]) -> bytes:
    """Return one of `seeds` with one to eight edits, at most `MAX_BYTES` long."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 2, 3, 5, 8))):
        at = rng.randrange(len(data) + 1)
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
    return bytes(data[:MAX_BYTES])


def with_payload_checksum(data: bytes) -> bytes:
    """Return `data` with a checksum of its length and content in place of its last two bytes."""
    body = data[:-2]
    if len(body) + 2 <= SMALL_PAYLOAD:
        return body + binascii.crc_hqx(body, 0).to_bytes(2, "little")
    return body + zlib.crc32(body).to_bytes(4, "little")


def with_last_crc(data: bytes) -> bytes:
    """Return `data` with its own CRC-32 in place of its last four bytes: a voice file, a frame."""
    body = data[:-CHECKSUM_BYTES]
    return body + zlib.crc32(body).to_bytes(CHECKSUM_BYTES, "little")
