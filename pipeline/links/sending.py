"""A payload over a carrier: packets, and how far they have come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..payload.format import MAGIC, decode_payload, encode_payload
from ..protocols import VoiceBook
from ..textcoder.registry import DEFAULT_ID, TEXT_CODERS
from ..types import Payload, Voice
from .carrier import Carrier, SendState
from .packets.packing import Packed, pack
from .peers import PeerVoices, voices_of


@dataclass(slots=True)
class Transmission:
    """Packets on their way, and what has become of each."""

    packed: Packed
    """The packets, parity last."""
    transcript: str
    """The words in them."""
    voices: tuple[Voice, ...]
    """Voices that they carry."""
    sent: set[int] = field(default_factory=set[int])
    """Indices of the packets that went out."""
    acknowledged: set[int] = field(default_factory=set[int])
    """Of these, the ones that are known to have arrived."""
    failed: dict[int, str] = field(default_factory=dict[int, str])
    """Index -> why the link gave up."""

    def take(self, state: SendState) -> None:
        """Note a step of the carrier's."""
        if state.packet is None:
            return
        if state.phase in ("sent", "acknowledged"):
            self.sent.add(state.packet)
            self.failed.pop(state.packet, None)
        if state.phase == "acknowledged":
            self.acknowledged.add(state.packet)
        if state.phase == "failed":
            self.failed[state.packet] = state.detail

    def is_done(self, acknowledges: bool) -> bool:
        """Return whether enough packets have gone, or have arrived, for the message to be whole.

        Args:
            acknowledges: whether the link tells what has arrived.
        """
        done = self.acknowledged if acknowledges else self.sent
        return len(done) >= len(self.packed.packets) - self.packed.parity

    def summary(self, acknowledges: bool) -> str:
        """Return how far it has come, such as "3 of 4 packets acknowledged"."""
        total = len(self.packed.packets)
        unsent = total - len(self.sent)
        told = f"{len(self.acknowledged)} of {total} packets acknowledged" if acknowledges else ""
        gone = f"{len(self.sent)} of {total} packets sent"
        if unsent:
            missing = ", ".join(str(index + 1) for index in range(total) if index not in self.sent)
            gone += f"; packet {missing} did not go out"
        return told if told and not unsent else ", ".join(filter(None, [gone, told]))


def prepare(
    payload: Payload,
    carrier: Carrier,
    *,
    parity: int = 0,
    size: int | None = None,
    message: int | None = None,
    peer: PeerVoices | None = None,
    book: VoiceBook | None = None,
) -> Transmission:
    """Return the packets of a payload for a carrier.

    Args:
        payload: what was said.
        carrier: has the size of a packet.
        parity: packets more, each of which replaces any lost one.
        size: bytes of the longest packet, if less than the carrier takes.
        message: the message's number; it follows from the payload if None.
        peer: names the voices that the peer has already; None sends all of them.
        book: compares voices; needed with `peer`.

    Raises:
        InputError: it does not fit the link; says what would.
    """
    if peer is not None and book is not None:
        payload = peer.name_known(payload, book)
    data = encode_payload(payload, TEXT_CODERS[DEFAULT_ID])
    limit = min(carrier.packet_bytes, size or carrier.packet_bytes)
    packed = pack(data, limit, parity, message)
    transcript = "\n".join(utterance.text for utterance in payload.utterances)
    unsent = set(packed.unsent_voices)
    return Transmission(packed, transcript, tuple(voice for voice in voices_of(payload) if voice not in unsent))


def transmit(transmission: Transmission, carrier: Carrier, show: Callable[[SendState], None]) -> None:
    """Send packets; whatever ends this early, `transmission` tells how far it has come.

    Args:
        transmission: from `prepare`.
        carrier: takes the packets.
        show: is told each step.
    """
    steps = carrier.send(transmission.packed.packets, transmission.transcript)
    for state in steps:
        transmission.take(state)
        show(state)


def read_payload_or_none(data: bytes) -> Payload | None:
    """Return the payload that `data` is; None where it begins as none does, so that it may be a recording.

    Raises:
        PayloadError: it begins as a payload, but is none that can be read.
    """
    if not data or data[0] >> 4 != MAGIC:
        return None
    return decode_payload(data, TEXT_CODERS).payload
