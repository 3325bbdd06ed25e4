"""The cost of strangers' packets: SECURITY.md states the limits that the code has, and each holds."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import GOLDEN
from speechzip.pipeline import PayloadError, Voice, encode_payload
from speechzip.pipeline.links import Mailbox, Received, pack
from speechzip.pipeline.links.hf import devices
from speechzip.pipeline.links.kiss import ax25
from speechzip.pipeline.links.mesh import radio
from speechzip.pipeline.links.packets import parity, text, unpacking, wire
from speechzip.pipeline.links.packets.unpacking import Inbox
from speechzip.pipeline.links.packets.wire import Parity, decode_packet
from speechzip.pipeline.links.peers import MAX_FILE_BYTES, MAX_PEERS, MAX_VOICES, PeerVoices
from speechzip.pipeline.links.receiving import MailboxLimits
from speechzip.pipeline.links.reticulum import calls, lxmf
from speechzip.pipeline.payload.coding.symbols import FREE_WORK, WORK_PER_BYTE
from speechzip.pipeline.textcoder.registry import DEFAULT_ID, TEXT_CODERS
from speechzip.pipeline.types import MAX_VOICE_BYTES, Payload

ROOT = Path(__file__).parents[3]
DATA = bytes.fromhex((GOLDEN / "two-channels.hex").read_text("ascii"))
LIMITS = MailboxLimits()
TOKENS = (FREE_WORK * LIMITS.packets_an_hour + WORK_PER_BYTE * LIMITS.bytes_an_hour) // 8  # a token is 8 units of work
COLUMNS = wire.MAX_PACKET_BYTES - wire.HEADER_BYTES - wire.CRC_BYTES


@pytest.mark.parametrize(
    "stated",
    [
        f"at most {unpacking.MAX_MESSAGES} unfinished messages, {unpacking.MAX_MESSAGES_OF_SENDER} of one sender and "
        f"{unpacking.MAX_HELD_BYTES >> 10} KiB in all",
        f"{wire.MAX_PACKET_BYTES} bytes",
        f"at most {COLUMNS} columns",
        f"and decodes at most {wire.MAX_PARITY} packets",
        f"At most {text.MAX_BLOB >> 20} MiB of pasted text is searched for packets, and {text.MAX_MARKERS:,} possible",
        f"{text.MAX_COMBINATIONS} combinations",
        f"LXMF messages above {lxmf.DELIVERY_LIMIT_KB} KB are refused",
        f"| {LIMITS.bytes_an_hour >> 10} KiB in an hour",
        f"{LIMITS.packets_an_hour} packets, of all senders: more than half a day of talk, and "
        f"{TOKENS / 1e6:.1f} million tokens of English at most",
        f"the packets of an hour are decoded in {LIMITS.decoding_s / 60:.0f} minutes of processor time at most",
        f"of English at most {FREE_WORK // 8} and {WORK_PER_BYTE // 8} more for each byte;",
        f"| {LIMITS.messages}; later ones",
        f"| {LIMITS.sound_s / 60:.0f} min; {LIMITS.total_sound_s / 3600:.0f} h (230 MB)",
        f"| {MAX_VOICES} of at most {MAX_VOICE_BYTES} bytes; {MAX_PEERS} files of at most {MAX_FILE_BYTES >> 10} KiB",
        f"| {lxmf.MESSAGE_BYTES >> 10} KiB; {ax25.MAX_INFORMATION} bytes",
        f"| {lxmf.MAX_WAITING} messages; {radio.MAX_WAITING} packets; {devices.MAX_QUEUED} blocks of sound; "
        f"{2 * ax25.MAX_FRAME + 2} bytes of a frame; {calls.MAX_CALLS} calls",
    ],
)
def test_security_md_states_the_limits_of_the_code(stated: str) -> None:
    told = " ".join((ROOT / "SECURITY.md").read_text(encoding="utf-8").split())
    assert stated in told


def payload_of(duration_s: float) -> bytes:
    return encode_payload(Payload((), (), duration_s), TEXT_CODERS[DEFAULT_ID])


def test_an_hour_has_room_for_so_many_bytes_and_the_next_one_has_again(tmp_path: Path) -> None:
    messages = [payload_of(number + 1.0) for number in range(10)]
    allowed = sum(map(len, messages))
    box = Mailbox("fake", tmp_path, None, MailboxLimits(bytes_an_hour=allowed))
    for number, message in enumerate(messages):
        box.push(Received(message), now_s=60.0 * number)
        with pytest.raises(PayloadError):
            box.push(Received(b"rubbish"), now_s=60.0 * number)  # costs nothing, and is not counted
    with pytest.raises(PayloadError, match=f"more than {allowed} bytes came within an hour"):
        box.push(Received(payload_of(0.5)), now_s=3599.0)
    (state,) = box.push(Received(payload_of(1.5)), now_s=3600.0)
    assert state.path is not None
    with pytest.raises(PayloadError, match="within an hour"):
        box.push(Received(payload_of(2.5)), now_s=3601.0)
    assert len(list(tmp_path.iterdir())) == 11


def test_an_hour_has_room_for_so_many_packets_however_short(tmp_path: Path) -> None:
    """A text of 900 words that the network expects takes some 20 bytes and a third of a second."""
    box = Mailbox("fake", tmp_path, None, MailboxLimits(packets_an_hour=3))
    for number in range(3):
        box.push(Received(payload_of(number + 1.0)), now_s=60.0 * number)
    with pytest.raises(PayloadError, match="more than 3 packets came within an hour"):
        box.push(Received(payload_of(0.5)), now_s=3599.0)
    (state,) = box.push(Received(payload_of(1.5)), now_s=3600.0)
    assert state.path is not None


def test_an_hour_has_so_much_time_for_decoding(tmp_path: Path) -> None:
    box = Mailbox("fake", tmp_path, None, MailboxLimits(decoding_s=0.0))
    box.push(Received(payload_of(1.0)), now_s=0.0)
    with pytest.raises(PayloadError, match="took more than 0 s to decode"):
        box.push(Received(payload_of(2.0)), now_s=60.0)
    (state,) = box.push(Received(payload_of(3.0)), now_s=3600.0)
    assert state.path is not None


def test_a_packet_that_is_damaged_at_last_counts_too(tmp_path: Path) -> None:
    box = Mailbox("fake", tmp_path, None, MailboxLimits(bytes_an_hour=2 * len(DATA)))
    damaged = DATA[:-1] + bytes([DATA[-1] ^ 1])
    for _ in range(2):
        with pytest.raises(PayloadError, match="damaged"):
            box.push(Received(damaged), 0.0)
    with pytest.raises(PayloadError, match="within an hour"):
        box.push(Received(DATA), 0.0)


def test_peers_take_a_bounded_number_of_small_files(tmp_path: Path) -> None:
    """The files of the peers who were heard last stay."""
    voices = [Voice("trained-1", os.urandom(MAX_VOICE_BYTES)) for _ in range(MAX_VOICES + 1)]
    for number in range(MAX_PEERS + 3):
        peer = PeerVoices("received", f"fake:{number}", tmp_path)
        peer.remember(voices if number == 0 else voices[:1])
        (newest,) = tmp_path.glob(f"{peer._path.name}")  # pyright: ignore[reportPrivateUsage]
        assert newest.stat().st_size <= MAX_FILE_BYTES
        os.utime(newest, (number, number))  # the clock of files is coarse
    assert len(list(tmp_path.iterdir())) == MAX_PEERS
    assert PeerVoices("received", "fake:0", tmp_path).voices() == []
    assert PeerVoices("received", f"fake:{MAX_PEERS + 2}", tmp_path).voices() == voices[:1]


def test_restoring_takes_a_bounded_number_of_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest parity packets that a link may bring, for a message that they do not fit."""
    packets = pack(DATA, 60, parity=1).packets
    honest = decode_packet(packets[-1])
    assert isinstance(honest, Parity)
    decoded: list[int] = []
    codec = parity._codec()  # pyright: ignore[reportPrivateUsage]
    decode = codec.decode

    def counted(*arguments: Any, **options: Any) -> object:
        decoded.append(1)
        return decode(*arguments, **options)

    monkeypatch.setattr(codec, "decode", counted)
    inbox = Inbox()
    for packet in packets[1:-1]:
        inbox.push(packet, 0.0)
    longest = replace(honest, symbols=bytes(COLUMNS)).encode()
    assert len(longest) == wire.MAX_PACKET_BYTES
    arrival = inbox.push(longest, 0.0)
    assert 0 < len(decoded) <= COLUMNS
    assert arrival.payloads == ()
    with pytest.raises(PayloadError):
        inbox.push(replace(honest, symbols=bytes(COLUMNS + 1)).encode(), 0.0)
