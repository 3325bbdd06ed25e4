"""A payload as packets: bytes in, packets out."""

from __future__ import annotations

import binascii
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from ...errors import InputError
from ...payload.format import decode_payload, encode_payload
from ...textcoder.registry import TEXT_CODERS, text_coders_like
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
    """Voices that the packets carry. Those of several sizes may be shorter than the payload's."""
    shortened: tuple[Voice, ...] = ()
    """The ones among them that are: to leave room for words in small packets, or to need no second packet."""


def pack(data: bytes, size: int, parity: int = 0, message: int | None = None) -> Packed:
    """Return a payload as packets of at most `size` bytes, each of which can be decoded alone.

    A payload that fits is one packet; one that misses it by a little fits with shorter voices, if their space has
    several sizes. A longer one becomes fragments, cut between utterances.

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

    def encode(payload: Payload) -> bytes:
        coder, *others = text_coders_like(decoded, payload.utterances)
        return encode_payload(payload, coder, decoded.version, others)

    alone = None if parity else _in_one_packet(decoded.payload, len(data), size, encode)
    if alone:
        packet, payload = alone
        return Packed((packet,), 0, (), payload.voices, _shortened(payload, decoded.payload))
    limit = min(size, MAX_PACKET_BYTES) - HEADER_BYTES - (LENGTH_BYTES + CRC_BYTES if parity else 0)
    payload = _with_short_voices(decoded.payload, limit)
    cut = cut_payload(payload, limit, encode, MAX_FRAGMENTS)
    number = binascii.crc_hqx(data, 0) % MESSAGE_NUMBERS if message is None else message
    count = len(cut.parts)
    fragments = [Fragment(number, index, count, part).encode() for index, part in enumerate(cut.parts)]
    symbols = encode_parity([fragment[HEADER_BYTES:] for fragment in fragments], parity) if parity else []
    more = [Parity(number, index, count, row).encode() for index, row in enumerate(symbols)]
    sent = tuple(voice for voice in payload.voices if voice not in cut.unsent_voices)
    return Packed((*fragments, *more), parity, cut.unsent_voices, sent, _shortened(payload, decoded.payload))


def _in_one_packet(
    payload: Payload, length: int, size: int, encode: Callable[[Payload], bytes]
) -> tuple[bytes, Payload] | None:
    """Return `payload`, which takes `length` bytes, with voices short enough for `size`; None if that does not help."""
    steps = _shortenings(payload)
    if length - sum(longer - shorter for _, longer, shorter in steps) > size:
        return None

    @cache
    def after(count: int) -> tuple[bytes, Payload]:
        speakers = list(payload.speakers)
        for index, _, shorter in steps[:count]:
            speakers[index] = _with_short_voice(speakers[index], shorter)
        short = replace(payload, speakers=tuple(speakers))
        return encode(short), short

    counts = range(1, len(steps) + 1)
    place = bisect_left(counts, True, key=lambda count: len(after(count)[0]) <= size)
    return after(counts[place]) if place < len(counts) else None


def _shortenings(payload: Payload) -> list[tuple[int, int, int]]:
    """Return a speaker, the bytes of the voice and the next smaller size, for each step on the way to short voices.

    The longest voices are shortened first; of those that are as long as each other, the voices of people who say less.
    """
    said = Counter[int]()
    for utterance in payload.utterances:
        said[utterance.speaker] += len(utterance.text)
    steps: list[tuple[int, int, int]] = []
    for index, speaker in enumerate(payload.speakers):
        if isinstance(speaker.voice, Voice):
            length = len(speaker.voice.embedding)
            smaller = sorted(size for size in SCALABLE_SPACES.get(speaker.voice.space, ()) if size < length)
            steps += [(index, longer, shorter) for shorter, longer in pairwise([*smaller, length])]
    return sorted(steps, key=lambda step: (-step[1], said[step[0]]))


def _shortened(payload: Payload, whole: Payload) -> tuple[Voice, ...]:
    """Return the voices of `payload` that are shorter than in `whole`."""
    pairs = zip(payload.speakers, whole.speakers, strict=True)
    return tuple(now.voice for now, before in pairs if isinstance(now.voice, Voice) and now.voice != before.voice)


def _with_short_voices(payload: Payload, limit: int) -> Payload:
    """Return `payload` with voices, if their space has several sizes, of at most `VOICE_SHARE` of a packet."""
    most = limit * VOICE_SHARE
    return replace(payload, speakers=tuple(_with_short_voice(speaker, most) for speaker in payload.speakers))


def _with_short_voice(speaker: Speaker, most: float) -> Speaker:
    """Return `speaker` with the longest voice of at most `most` bytes, or the shortest one that there is."""
    if not isinstance(speaker.voice, Voice) or speaker.voice.space not in SCALABLE_SPACES:
        return speaker
    sizes = SCALABLE_SPACES[speaker.voice.space]
    return replace(speaker, voice=speaker.voice.shortened(max([min(sizes), *(size for size in sizes if size <= most)])))
