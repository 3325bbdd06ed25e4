"""The payload: everything that travels, as bytes. FORMAT.md describes it bit by bit.

    +-------------------+---------------------+----------+
    | 1010 and version  | what the format says | checksum |
    +-------------------+---------------------+----------+
     1 byte                                    2 or 4 bytes

All formats are read, and format 4 is written. `format1` has sections of bits and bytes; `format2` has the others, each
of which is one range code.
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import PayloadCorrupt, PayloadTruncated, PayloadVersionError
from ..protocols import TextCoder
from ..types import Payload
from . import format1, format2
from .format2 import WITH_MELODY
from .limits import MAX_DURATION_TICKS, MAX_SPEAKERS, MAX_UTTERANCES, TICKS_PER_SECOND, check_limits

MAGIC = 0b1010
"""The high half of the first byte; the low half is the version."""

PACKET_MAGICS = (0b1001, 0b1011)
"""The high halves with which parity and fragments of a message begin; see `links/packets/wire.py`."""

VERSION = 4
"""The highest version that is read and written."""

SMALL_PAYLOAD = 256
"""Up to this many bytes, the checksum is a CRC-16; beyond, it is a CRC-32."""

SHORTEST_PAYLOAD = {1: 7, 2: 3, 3: 3, 4: 3}
"""Version -> bytes of the shortest payload."""

__all__ = [
    "MAGIC",
    "MAX_DURATION_TICKS",
    "MAX_SPEAKERS",
    "MAX_UTTERANCES",
    "SMALL_PAYLOAD",
    "TICKS_PER_SECOND",
    "VERSION",
    "WITH_MELODY",
    "Decoded",
    "checked_body",
    "decode_payload",
    "encode_payload",
    "split_voices",
]


def encode_payload(
    payload: Payload, coder: TextCoder, version: int = VERSION, others: Sequence[TextCoder] = ()
) -> bytes:
    """Return `payload` as bytes, with times and confidence rounded to the format's steps.

    Args:
        payload: what to send.
        coder: codes the words.
        version: the highest that may be written. Formats 1 and 2 leave melodies out, and a payload without any is of
            format 2 instead of 3.
        others: up to three more coders, for payloads of several languages; format 1 has room for one coder only.

    Raises:
        TextError: a text cannot be carried.
        InputError: the payload is beyond the format's limits, or has voices of a space without a number.
    """
    check_limits(payload)
    is_first = version == 1
    body = format1.encode_body(payload, coder) if is_first else format2.encode_body(payload, coder, others, version)
    return body + _checksum(body, 2 if len(body) + 2 <= SMALL_PAYLOAD else 4)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded payload, and the size of each section."""

    payload: Payload
    sections: Mapping[str, int]
    """Section name -> bytes; they add up to the length of the input. From format 2 on each is rounded from its bits."""
    text_coders: tuple[str, ...]
    """Names of the coders of the text, the first one first; format 1 has one."""
    version: int = VERSION
    """Version of the format."""
    bits: Mapping[str, float] = field(default_factory=dict[str, float])
    """Part of the payload -> its bits, from format 2 on. It is finer than `sections`."""

    @property
    def text_coder(self) -> str:
        """Name of the first coder of the text."""
        return self.text_coders[0]

    @property
    def size(self) -> int:
        """Length of the input, in bytes."""
        return sum(self.sections.values())


def decode_payload(data: bytes, coders: Mapping[int, TextCoder]) -> Decoded:
    """Return the decoded payload.

    Args:
        data: the whole payload, untrusted: every value in it is checked.
        coders: the text coders of this release, by their ids.

    Raises:
        PayloadError: one of its kinds, saying what is wrong.
    """
    version, body = checked_body(data)
    checksum = {"checksum": len(data) - len(body)}
    if version == 1:
        payload, sections, text_coder = format1.decode_body(body, coders)
        return Decoded(payload, sections | checksum, (text_coder,), version)
    payload, bits, text_coders = format2.decode_body(body, coders)
    return Decoded(payload, format2.sections(bits, len(body)) | checksum, tuple(text_coders), version, bits)


def split_voices(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Split a payload of format 1 into the bytes before its voices section, the section, and the bytes after it.

    Raises:
        PayloadError: `data` is not such a payload; its text is not decoded.
    """
    version, body = checked_body(data)
    if version != 1:
        raise PayloadVersionError(f"a payload of format {version} has no section of voices; format 1 has one")
    start, end = format1.voices_section(body)
    return data[:start], data[start:end], data[end:]


def checked_body(data: bytes) -> tuple[int, bytes]:
    """Return the version of a payload, and its bytes without the checksum.

    Raises:
        PayloadError: `data` is not a payload, its version is unknown, or its checksum is wrong.
    """
    if len(data) == 0:
        raise PayloadTruncated("the payload is empty (0 bytes); fetch it again")
    if data[0] >> 4 in PACKET_MAGICS:
        raise PayloadCorrupt(
            "this is not a speechzip payload; it may be a packet of one: join it with the others by `speechzip unpack`"
        )
    if data[0] >> 4 != MAGIC:
        raise PayloadCorrupt("this is not a speechzip payload; give a file that `speechzip compress` wrote")
    version = data[0] & 15
    if version > VERSION:
        raise PayloadVersionError(
            f"the payload is of format {version}, this release reads up to {VERSION}; upgrade speechzip"
        )
    length = 2 if len(data) <= SMALL_PAYLOAD else 4
    if len(data) < SHORTEST_PAYLOAD.get(version, 1):
        raise PayloadTruncated(f"the payload ends after {len(data)} bytes; fetch all of it again")
    body = data[:-length]
    if version < 1 or _checksum(body, length) != data[-length:]:
        raise PayloadCorrupt("the payload is damaged or cut short: its checksum does not match; fetch it again")
    return version, body


def _checksum(body: bytes, length: int) -> bytes:
    """Return CRC-16/XMODEM (2 bytes) or CRC-32/ISO-HDLC (4 bytes) of `body`."""
    crc = binascii.crc_hqx(body, 0) if length == 2 else zlib.crc32(body)
    return crc.to_bytes(length, "little")
