"""Packets from a shared channel, and text with pasted packets."""

from __future__ import annotations

import binascii
import itertools
from collections.abc import Iterator
from contextlib import AbstractContextManager
from unittest.mock import patch

from speechzip.pipeline import Payload, PayloadError, Speaker, Utterance, Voice
from speechzip.pipeline.links.files import packets_of, unpack
from speechzip.pipeline.links.packets.packing import pack
from speechzip.pipeline.links.packets.text import FORMS, packet_lines
from speechzip.pipeline.links.packets.unpacking import MAX_HELD_BYTES, Inbox
from speechzip.pipeline.links.packets.wire import CRC_BYTES, FRAGMENT, HEADER_BYTES, PARITY, mask
from speechzip.pipeline.payload.format import encode_payload
from speechzip.pipeline.textcoder.registry import DEFAULT_ID, TEXT_CODERS

from .mutation import with_payload_checksum
from .payloads import small_coder
from .target import Target

SENDERS = ("", "!a1b2c3d4", "N0CALL")


def _split(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (sender and seconds before it, packet): two bytes in front of each packet have these, and its length."""
    at = 0
    while at < len(data):
        length = data[at + 1] if at + 1 < len(data) else 0
        yield data[at], data[at + 2 : at + 2 + length]
        at += 2 + length


def _joined(packets: list[tuple[int, bytes]]) -> bytes:
    return b"".join(bytes([head, len(packet)]) + packet for head, packet in packets if len(packet) < 256)


def _small_text_coder() -> AbstractContextManager[object]:
    """Replace the shipped text coder by the small one: several payloads are decoded for each mutant."""
    return patch.dict(TEXT_CODERS._loaded, {DEFAULT_ID: small_coder()})  # pyright: ignore[reportPrivateUsage]


def _push(data: bytes) -> None:
    """Push all packets, of which at most one is damaged."""
    inbox, now_s, refused, pushed = Inbox(), 0.0, 0, 0
    for head, packet in _split(data):
        now_s += (head >> 2) * 10.0
        pushed += 1
        try:
            with _small_text_coder():
                arrival = inbox.push(packet, now_s, SENDERS[head % len(SENDERS)])
        except PayloadError:
            refused += 1
        else:
            assert arrival.payloads or arrival.message or arrival.is_duplicate
        assert inbox.held_bytes <= MAX_HELD_BYTES
    with _small_text_coder():
        unpack(("packet", packet) for _, packet in _split(data))
    inbox.close()
    if refused == pushed:
        raise PayloadError("nothing was a packet")


def _paste(data: bytes) -> None:
    """Look for packets in a file, and unpack them."""
    with _small_text_coder():
        packets, faults = packets_of("pasted.txt", data)
        unpacked = unpack(packets)
    assert packets or faults
    if not unpacked.recordings:
        raise PayloadError("nothing was found")


def fix_packets(data: bytes) -> bytes:
    """Return packets with corrected checksums."""
    return _joined([(head, _fixed(packet)) for head, packet in _split(data)])


def _fixed(packet: bytes) -> bytes:
    if len(packet) < HEADER_BYTES + 4:
        return packet
    header, kind = packet[:HEADER_BYTES], packet[0] >> 4
    if kind == PARITY:
        body = packet[:-CRC_BYTES]
        return body + binascii.crc_hqx(body, 0).to_bytes(CRC_BYTES, "little")
    if kind == FRAGMENT:
        return header + mask(with_payload_checksum(packet[HEADER_BYTES:]), header)
    return with_payload_checksum(packet)


def fix_line(data: bytes) -> bytes:
    """Return text in which each packet of a single line has a corrected key."""
    lines = data.split(b"\n")
    return b"\n".join(_with_key(line) if line[:2] == b"SZ" and line[5:7] == b"01" else line for line in lines)


def _with_key(line: bytes) -> bytes:
    form = next((form for form in FORMS.values() if form.letter.encode() == line[2:3]), None)
    try:
        packet = form.decode(line[9:].decode("ascii")) if form else b""
    except ValueError:
        return line
    fixed = _fixed(packet)
    return packet_lines(fixed, _name(line[2:3]), 2000)[0].encode() if 16 <= len(fixed) < 500 else line


def _name(letter: bytes) -> str:
    return next(name for name, form in FORMS.items() if form.letter.encode() == letter)


def message_packets() -> list[list[bytes]]:
    """Return messages as packets: a payload by itself, fragments, fragments with parity."""
    coder = small_coder()
    speakers = (Speaker(Voice("classical", bytes(range(10))), 0), Speaker(Voice("trained-1", bytes(range(16))), 1))
    texts = ("Yes.", "é ü", "So what?", "Hi", "", "No!") * 2
    said = tuple(Utterance(i * 2.0, 0.5, i % 2, text, 0.9) for i, text in enumerate(texts))
    short = encode_payload(Payload(speakers[:1], said[:1], 3.0), coder)
    long = encode_payload(Payload(speakers, said, 30.0, 2), coder)
    with _small_text_coder():
        packed = [pack(long, 60, parity, number).packets for number, parity in ((3, 0), (4, 2), (15, 3))]
    return [[short], *map(list, packed)]


def packet_targets() -> dict[str, Target]:
    """Return the targets of this module by name."""
    messages = message_packets()
    received = [_joined([(4 * (number % 2), packet) for number, packet in enumerate(message)]) for message in messages]
    received += [_joined([(0, packet) for packet in message[1:]]) for message in messages[2:]]  # parity has to help
    received.append(_joined([(index % 3, packet) for index, packet in enumerate(itertools.chain(*messages))]))
    pasted = [
        "\n".join(line for packet in message for line in packet_lines(packet, form, width)).encode()
        for form in FORMS
        for message, width in zip(messages, (400, 67, 40, 200), strict=True)
    ]
    quoted = [b"> " + text.replace(b"\n", b"\n> ") for text in pasted[:4]] + [b"Anna: " + pasted[0] + b"\n\nBen: ok"]
    return {
        "packets": Target(_push, received, fix_packets, PayloadError, 60.0, 0.06, max_bytes=1500),
        "pasted packets": Target(_paste, pasted + quoted, fix_line, PayloadError, 60.0, 0.06),
    }
