"""A payload as packets: bytes in, packets out."""

from __future__ import annotations

import binascii
from dataclasses import dataclass, replace

from ...errors import InputError
from ...payload.format import decode_payload, encode_payload
from ...textcoder.registry import TEXT_CODERS, text_coders_for
from ...types import SCALABLE_SPACES, Payload, Speaker, Voice
from .cutting import cut_payload
from .parity import encode_parity
from .wire import (
    CRC_BYTES,
    HEADER_BYTES,
    LENGTH_BYTES,
    MAX_FRAGMENTS,
    MAX_PACKET_BYTES,
    MAX_PARITY,
    MESSAGE_NUMBERS,
    SHORTEST_PAYLOAD,
    Fragment,
    Parity,
)

VOICE_SHARE = 1 / 3
"""The largest share of a packet that a voice takes, if it has several sizes."""
SMALLEST_PACKET = HEADER_BYTES + LENGTH_BYTES + CRC_BYTES + SHORTEST_PAYLOAD


@dataclass(frozen=True, slots=True)
class Packed:
    """A payload as packets."""

    packets: tuple[bytes, ...]
    """Packets in order, parity last."""
    parity: int
    """Number of parity packets among them."""
    unsent_voices: tuple[Voice, ...] = ()
    """Voices that fit no packet: a receiver without them uses a neutral voice."""
    voices: tuple[Voice, ...] = ()
    """Voices that the packets carry. Those of several sizes are shorter than the payload's if packets are small."""


def pack(data: bytes, size: int, parity: int = 0, message: int | None = None) -> Packed:
    """Return a payload as packets of at most `size` bytes, each of which can be decoded alone.

    A payload that fits is one packet. A longer one becomes fragments, cut between utterances.

    Args:
        data: a payload.
        size: bytes of the longest packet. Fragments and parity packets have `MAX_PACKET_BYTES` at most.
        parity: number of parity packets to add, [0, `MAX_PARITY`]; each replaces any lost packet.
        message: number of the message, [0, 15]; by default derived from the payload's bytes.

    Raises:
        PayloadError: `data` is not a payload.
        InputError: it does not fit `size`; the message says which size would do.
    """
    if not 0 <= parity <= MAX_PARITY:
        raise InputError(f"a message has 0 to {MAX_PARITY} parity packets, not {parity}")
    if message is not None and not 0 <= message < MESSAGE_NUMBERS:
        raise InputError(f"messages are numbered from 0 to {MESSAGE_NUMBERS - 1}; {message} is none of these")
    decoded = decode_payload(data, TEXT_CODERS)
    if len(data) <= size and not parity:
        return Packed((data,), 0, voices=decoded.payload.voices)
    if size < SMALLEST_PACKET:
        raise InputError(
            f"packets of {size} bytes: at least {SMALLEST_PACKET} are needed, or {len(data)} without parity for the "
            "payload as it is"
        )
    first = next(coder for coder in TEXT_CODERS.values() if coder.name == decoded.text_coder)

    def encode(payload: Payload) -> bytes:
        coder, *others = [first] if decoded.version == 1 else text_coders_for(payload.utterances)
        return encode_payload(payload, coder, decoded.version, others)

    limit = min(size, MAX_PACKET_BYTES) - HEADER_BYTES - (LENGTH_BYTES + CRC_BYTES if parity else 0)
    payload = _with_short_voices(decoded.payload, limit)
    cut = cut_payload(payload, limit, encode, MAX_FRAGMENTS)
    number = binascii.crc_hqx(data, 0) % MESSAGE_NUMBERS if message is None else message
    count = len(cut.parts)
    fragments = [Fragment(number, index, count, part).encode() for index, part in enumerate(cut.parts)]
    symbols = encode_parity([fragment[HEADER_BYTES:] for fragment in fragments], parity) if parity else []
    more = [Parity(number, index, count, row).encode() for index, row in enumerate(symbols)]
    sent = tuple(voice for voice in payload.voices if voice not in cut.unsent_voices)
    return Packed((*fragments, *more), parity, cut.unsent_voices, sent)


def _with_short_voices(payload: Payload, limit: int) -> Payload:
    """Return `payload` with voices, if their space has several sizes, of at most `VOICE_SHARE` of a packet."""
    return replace(payload, speakers=tuple(_with_short_voice(speaker, limit) for speaker in payload.speakers))


def _with_short_voice(speaker: Speaker, limit: int) -> Speaker:
    if not isinstance(speaker.voice, Voice) or speaker.voice.space not in SCALABLE_SPACES:
        return speaker
    sizes = SCALABLE_SPACES[speaker.voice.space]
    fitting = max([min(sizes), *(size for size in sizes if size <= limit * VOICE_SHARE)])
    return replace(speaker, voice=speaker.voice.shortened(fitting))
