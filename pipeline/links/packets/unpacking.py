"""Packets back to payloads: packets in, payloads and reports of missing packets out.

This module has no clock and no socket. Packets arrive in any order, twice or never, and packets of several messages and
senders are mixed. Each payload can be spoken at once. An incomplete message is reported when it expires, with the times
of the missing packets.

    inbox = Inbox()
    arrival = inbox.push(packet, now_s=time.monotonic(), sender="!a1b2c3d4")
    for payload in arrival.payloads:
        ...                              # speak it: its times are those of the message
    for message in inbox.expire(now_s=time.monotonic()):
        ...                              # tell message.missing
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from ...errors import PayloadError
from ...payload.format import decode_payload
from ...payload.limits import MAX_SPEAKERS
from ...textcoder.registry import TEXT_CODERS
from ...types import Payload, Speaker, Voice
from .parity import restore
from .wire import HEADER_BYTES, LENGTH_BYTES, Fragment, Parity, decode_packet

LIFETIME_S = 600.0
"""A message without a new packet for this time is dropped; a slow radio sends the next packet sooner."""
MAX_MESSAGES = 64
MAX_MESSAGES_OF_SENDER = 8
MAX_HELD_BYTES = 256 << 10
"""Limits on the unfinished messages in an inbox; the oldest are dropped first, and reported."""
MAX_DIGESTS = 256
"""Number of whole payloads that are remembered, to recognize repeated ones."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A missing packet, and the time of its words."""

    index: int
    """Index of the packet in the message, from 0."""
    start_s: float
    """End of the words before it, in seconds."""
    end_s: float
    """Start of the words after it; for the last packet, the end of the recording."""


@dataclass(frozen=True, slots=True)
class Message:
    """The state of a message."""

    serial: int
    """Unique in an inbox; two messages may have the same sender and number."""
    sender: str
    """Its sender, as given to `push`."""
    number: int
    """The message's number, [0, 15]."""
    count: int
    """Number of its fragments."""
    missing: tuple[Missing, ...]
    """Fragments that neither arrived nor could be restored."""
    restored: int
    """Number of fragments that parity restored."""
    neutral_voices: tuple[int, ...]
    """Ids of referenced voices that no packet brought: unless the receiver has them, neutral voices speak."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """The result of one packet."""

    payloads: tuple[Payload, ...] = ()
    """Payloads that can be spoken now: the packet's own, and those that parity restored with its help."""
    message: Message | None = None
    """The message of the packet; None for a whole payload."""
    is_duplicate: bool = False
    """Whether the same packet arrived before."""
    closed: tuple[Message, ...] = ()
    """Incomplete messages that were dropped: too old, or too many."""


@dataclass(slots=True)
class _Open:
    """A message with at least one packet."""

    serial: int
    sender: str
    number: int
    count: int
    touched_s: float
    bodies: dict[int, bytes] = field(default_factory=dict[int, bytes])
    symbols: dict[int, bytes] = field(default_factory=dict[int, bytes])
    spans: dict[int, tuple[float, float]] = field(default_factory=dict[int, tuple[float, float]])
    voices: dict[tuple[int, int], Voice] = field(default_factory=dict[tuple[int, int], Voice])
    named: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    whole: tuple[float, int] | None = None  # duration and channels of the recording, equal in all fragments
    restored: int = 0

    @property
    def held_bytes(self) -> int:
        return sum(map(len, self.bodies.values())) + sum(map(len, self.symbols.values()))


class Inbox:
    """Collect packets. The number of messages, senders and bytes is bounded for any input."""

    def __init__(self, lifetime_s: float = LIFETIME_S) -> None:
        self._lifetime_s = lifetime_s
        self._open: list[_Open] = []  # the one touched last is at the end
        self._digests: dict[bytes, float] = {}
        self._serials = itertools.count()

    @property
    def held_bytes(self) -> int:
        """Bytes of the packets in all unfinished messages."""
        return sum(message.held_bytes for message in self._open)

    def push(self, packet: bytes, now_s: float, sender: str = "") -> Arrival:
        """Take a packet; return its result.

        Args:
            packet: untrusted; every value in it is checked.
            now_s: seconds on any clock that only goes forward.
            sender: the sender's address on the link, if it has addresses; messages of two senders are never mixed.

        Raises:
            PayloadError: it is damaged or not a speechzip packet; nothing changes.
        """
        decoded = decode_packet(packet)
        carried = decoded if isinstance(decoded, bytes) else decoded.payload if isinstance(decoded, Fragment) else None
        payload = None if carried is None else decode_payload(carried, TEXT_CODERS).payload
        closed = self.expire(now_s)
        if isinstance(decoded, bytes):
            is_duplicate = self._is_known(sender, packet, now_s)
            return Arrival(() if is_duplicate or payload is None else (payload,), None, is_duplicate, closed)
        body = packet[HEADER_BYTES:] if isinstance(decoded, Fragment) else decoded.symbols
        possible = self._of(sender, decoded)
        for message in possible:
            if _slots(message, decoded).get(decoded.index) == body:
                self._touch(message, now_s)
                return Arrival((), _told(message), True, closed)
        fitting = [message for message in possible if _belongs(message, decoded, payload)]
        if fitting:
            message = fitting[0]
        else:
            message = _Open(next(self._serials), sender, decoded.message, decoded.count, now_s)
            self._open.append(message)
        self._touch(message, now_s)
        _slots(message, decoded)[decoded.index] = body
        payloads = [] if payload is None else [_take(message, decoded.index, payload)]
        payloads += _restore(message)
        return Arrival(tuple(payloads), _told(message), False, closed + self._make_room())

    def expire(self, now_s: float) -> tuple[Message, ...]:
        """Drop messages that are too old; return the incomplete ones."""
        old = [message for message in self._open if now_s - message.touched_s > self._lifetime_s]
        self._digests = {
            digest: seen_s for digest, seen_s in self._digests.items() if now_s - seen_s <= self._lifetime_s
        }
        return self._close(old)

    def close(self) -> tuple[Message, ...]:
        """Drop all messages; return the incomplete ones."""
        return self._close(list(self._open))

    def _close(self, messages: list[_Open]) -> tuple[Message, ...]:
        for message in messages:
            self._open.remove(message)
        return tuple(_told(message) for message in messages if len(message.bodies) < message.count)

    def _of(self, sender: str, packet: Fragment | Parity) -> list[_Open]:
        """Return the messages that a packet may belong to, the newest first."""
        return [
            message
            for message in reversed(self._open)
            if (message.sender, message.number, message.count) == (sender, packet.message, packet.count)
        ]

    def _touch(self, message: _Open, now_s: float) -> None:
        message.touched_s = now_s
        self._open.remove(message)
        self._open.append(message)

    def _make_room(self) -> tuple[Message, ...]:
        newest = self._open[-1]
        own = [message for message in self._open if message.sender == newest.sender]
        surplus = own[: max(0, len(own) - MAX_MESSAGES_OF_SENDER)]
        closed = self._close(surplus)
        while len(self._open) > 1 and (len(self._open) > MAX_MESSAGES or self.held_bytes > MAX_HELD_BYTES):
            closed += self._close([self._open[0]])
        return closed

    def _is_known(self, sender: str, packet: bytes, now_s: float) -> bool:
        """Return whether this whole payload arrived before, and remember it."""
        digest = hashlib.sha256(sender.encode(errors="surrogateescape") + b"\0" + packet).digest()[:16]
        known = digest in self._digests
        self._digests[digest] = now_s
        while len(self._digests) > MAX_DIGESTS:
            del self._digests[next(iter(self._digests))]
        return known


def join_payloads(payloads: Iterable[Payload]) -> Payload:
    """Return the parts of a message as one payload; speakers with the same voice and channel become one.

    Args:
        payloads: one or more, in any order.
    """
    parts = sorted(payloads, key=lambda part: min((said.start_s for said in part.utterances), default=part.duration_s))
    speakers: dict[tuple[int, int], Speaker] = {}
    for part in parts:
        for speaker in part.speakers:
            if _identity(speaker) not in speakers or isinstance(speaker.voice, Voice):
                speakers[_identity(speaker)] = speaker
    place = {identity: index for index, identity in enumerate(speakers)}
    utterances = [
        replace(utterance, speaker=place[_identity(part.speakers[utterance.speaker])])
        for part in parts
        for utterance in part.utterances
    ]
    return Payload(
        tuple(speakers.values()),
        tuple(sorted(utterances, key=lambda utterance: utterance.start_s)),
        max(part.duration_s for part in parts),
        max(part.channels for part in parts),
        parts[0].recognizer,
    )


def _identity(speaker: Speaker) -> tuple[int, int]:
    return speaker.voice.id, speaker.channel


def _slots(message: _Open, packet: Fragment | Parity) -> dict[int, bytes]:
    return message.bodies if isinstance(packet, Fragment) else message.symbols


def _belongs(message: _Open, packet: Fragment | Parity, payload: Payload | None) -> bool:
    """Return whether a packet can belong to this message; a restarted sender uses its numbers again."""
    if packet.index in _slots(message, packet):
        return False
    if payload is not None and message.whole not in (None, (payload.duration_s, payload.channels)):
        return False
    if payload is not None and len(message.named.union(map(_identity, payload.speakers))) > MAX_SPEAKERS:
        return False  # all parts together are one payload
    symbols = [packet.symbols] if isinstance(packet, Parity) else []
    bodies = [packet.payload] if isinstance(packet, Fragment) else []
    widths = {len(row) - LENGTH_BYTES for row in [*message.symbols.values(), *symbols]}
    longest = max(map(len, [*message.bodies.values(), *bodies]), default=0)
    return len(widths) <= 1 and all(width >= longest for width in widths)


def _take(message: _Open, index: int, payload: Payload) -> Payload:
    """Keep a fragment for the others, and return its payload with all voices that arrived."""
    message.whole = (payload.duration_s, payload.channels)
    utterances = payload.utterances
    if utterances:
        message.spans[index] = utterances[0].start_s, max(utterance.end_s for utterance in utterances)
    for speaker in payload.speakers:
        message.named.add(_identity(speaker))
        if isinstance(speaker.voice, Voice):
            message.voices[_identity(speaker)] = speaker.voice
    speakers = [
        replace(speaker, voice=message.voices.get(_identity(speaker), speaker.voice)) for speaker in payload.speakers
    ]
    return replace(payload, speakers=tuple(speakers))


def _restore(message: _Open) -> list[Payload]:
    """Return the fragments that parity restores, if there is enough of it."""
    lacking = message.count - len(message.bodies)
    if not 0 < lacking <= len(message.symbols):
        return []
    payloads: dict[int, Payload] = {}
    bodies: dict[int, bytes] = {}
    with suppress(PayloadError):  # packets of two messages that look like one: each fragment stays good by itself
        bodies = restore(message.bodies, message.symbols, message.count)
        for index, body in bodies.items():
            header = Fragment(message.number, index, message.count, bytes(2)).encode()[:HEADER_BYTES]
            fragment = decode_packet(header + body)
            assert isinstance(fragment, Fragment)
            payloads[index] = decode_payload(fragment.payload, TEXT_CODERS).payload
        restored = {_identity(speaker) for payload in payloads.values() for speaker in payload.speakers}
        if len(message.named | restored) > MAX_SPEAKERS:
            return []
        message.bodies |= bodies
        message.restored += len(bodies)
        return [_take(message, index, payload) for index, payload in payloads.items()]
    return []


def _told(message: _Open) -> Message:
    missing = [index for index in range(message.count) if index not in message.bodies]
    return Message(
        message.serial,
        message.sender,
        message.number,
        message.count,
        tuple(_missing(message, index) for index in missing),
        message.restored,
        tuple(sorted({voice for voice, _ in message.named - set(message.voices)})),
    )


def _missing(message: _Open, index: int) -> Missing:
    before = [end_s for other, (_, end_s) in message.spans.items() if other < index]
    after = [start_s for other, (start_s, _) in message.spans.items() if other > index]
    duration_s = message.whole[0] if message.whole else 0.0
    start_s = max(before, default=0.0)
    return Missing(index, start_s, max(start_s, min(after, default=duration_s)))
