"""A payload over a carrier: its packets and their progress."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from ..payload.format import MAGIC, Decoded, decode_payload
from ..protocols import VoiceBook
from ..textcoder.registry import TEXT_CODERS
from ..types import Payload, Voice
from .carrier import Carrier, SendState
from .files import encode_best
from .packets.packing import Packed, pack
from .peers import PeerVoices

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Transmission:
    """The packets of a payload, and the state of each."""

    packed: Packed
    """The packets, parity last."""
    transcript: str
    """The words in them."""
    voices: tuple[Voice, ...]
    """Voices that they carry."""
    begun: set[int] = field(default_factory=set[int])
    """Indices of the packets that the link has begun to send."""
    sent: set[int] = field(default_factory=set[int])
    """Indices of the packets that were sent."""
    acknowledged: set[int] = field(default_factory=set[int])
    """Indices of those that were acknowledged."""
    failed: dict[int, str] = field(default_factory=dict[int, str])
    """Index of a packet -> why the link gave it up."""

    def take(self, state: SendState) -> None:
        """Record a step of the carrier."""
        if state.packet is None:
            return
        if state.phase != "waiting":
            self.begun.add(state.packet)
        if state.phase in ("sent", "acknowledged"):
            self.sent.add(state.packet)
            self.failed.pop(state.packet, None)
        if state.phase == "acknowledged":
            self.acknowledged.add(state.packet)
        if state.phase == "failed":
            self.failed[state.packet] = state.detail

    def is_done(self, acknowledges: bool) -> bool:
        """Return whether enough packets for the whole message were sent, or acknowledged.

        Args:
            acknowledges: whether the link acknowledges packets.
        """
        done = self.acknowledged if acknowledges else self.sent
        return len(done) >= len(self.packed.packets) - self.packed.parity

    @property
    def stopped(self) -> set[int]:
        """Indices of the packets that were on their way when sending ended: nobody knows what has come of them."""
        return self.begun - self.sent - set(self.failed)

    def summary(self, acknowledges: bool) -> str:
        """Return how far it has come, such as "3 of 4 packets acknowledged; packet 4 did not go out"."""
        packets = range(len(self.packed.packets))
        done = self.acknowledged if acknowledges else self.sent
        parts = [f"{len(done)} of {len(packets)} packets {'acknowledged' if acknowledges else 'sent'}"]
        parts += [f"packet {index + 1} was given up ({why})" for index, why in sorted(self.failed.items())]
        for fate, indices in (
            ("went out without an acknowledgment", self.sent - done - set(self.failed)),
            ("stopped on the way", self.stopped),
            ("did not go out", set(packets) - self.begun),
        ):
            if indices:
                numbers = ", ".join(str(index + 1) for index in sorted(indices))
                parts.append(f"packet{'s' if len(indices) > 1 else ''} {numbers} {fate}")
        return "; ".join(parts)


def prepare(
    payload: Payload,
    carrier: Carrier,
    *,
    parity: int = 0,
    size: int | None = None,
    message: int | None = None,
    english: str | None = None,
    peer: PeerVoices | None = None,
    book: VoiceBook | None = None,
) -> Transmission:
    """Return the packets of a payload for a carrier.

    Args:
        payload: the message.
        carrier: determines the size of a packet.
        parity: number of additional packets, each of which replaces any lost one.
        size: largest size of a packet in bytes, if less than the carrier's.
        message: number of the message; derived from the payload if None.
        english: name of the text coder of English; None for the default one.
        peer: the voices that the receiver already has are only referenced; None sends all of them.
        book: compares voices; needed with `peer`.

    Raises:
        InputError: it does not fit the link. The message says what would.
    """
    if peer is not None and book is not None:
        payload = peer.name_known(payload, book)
    data = encode_best(payload, english)
    limit = min(carrier.packet_bytes, size or carrier.packet_bytes)
    packed = pack(data, limit, parity, message)
    transcript = "\n".join(utterance.text for utterance in payload.utterances)
    return Transmission(packed, transcript, packed.voices)


def transmit(transmission: Transmission, carrier: Carrier, show: Callable[[SendState], None]) -> None:
    """Send packets. However this ends, `transmission` has the progress.

    Args:
        transmission: from `prepare`.
        carrier: takes the packets.
        show: called with each step.
    """
    steps = carrier.send(transmission.packed.packets, transmission.transcript)
    for state in steps:
        logger.debug("packet %s: %s %s", state.packet, state.phase, state.detail)
        transmission.take(state)
        show(state)


def read_payload_or_none(data: bytes) -> Decoded | None:
    """Return the payload in `data`; None if it does not begin like one, so that it may be a recording.

    Raises:
        PayloadError: it begins like a payload, but cannot be read.
    """
    if not data or data[0] >> 4 != MAGIC:
        return None
    return decode_payload(data, TEXT_CODERS)
