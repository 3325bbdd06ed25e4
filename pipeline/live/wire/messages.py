"""The messages of a live link. FORMAT.md describes every byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag
from typing import ClassVar

from ...console.display import printable
from ...errors import ProtocolError
from ...system.varint import encode_varint
from .frames import MAX_BODY, Frame, encode_frame, read_varint

MAGIC = b"spz"
LOWEST_VERSION = HIGHEST_VERSION = 1
"""Versions of the protocol that this release speaks. Both ends use the highest that both know."""
PAYLOAD_VERSION = 1
"""Version of the payloads on a link: those of format 1 have a section of voices, which is sent once for all."""
MAX_UTTERANCE_BYTES = 1024
"""Longest payload, without its voices. 12 s of speech take some 60. Hostile text this long takes seconds to decode."""
WINDOW = 17
"""Most unacknowledged items. It bounds the memory for a slow peer."""
STREAM_BYTES = 8
"""Length of the random name of an end's stream."""
MAX_SECRET_BYTES = 64
MAX_SOFTWARE_BYTES = 64


class FrameKind(IntEnum):
    """The first byte of a frame."""

    HELLO = 1
    VOICES = 2
    UTTERANCE = 3
    ACKNOWLEDGE = 4
    PLAYED = 5
    STATUS = 6
    ALIVE = 7
    GOODBYE = 8


class Reason(IntEnum):
    """Why an end says goodbye."""

    DONE = 0
    DENIED = 1
    BUSY = 2
    VERSION = 3
    PROTOCOL = 4
    SILENCE = 5


class Status(IntFlag):
    """The flags of an end."""

    NOTHING = 0
    TALKING = 1
    NO_MICROPHONE = 2
    NO_LOUDSPEAKER = 4
    UNSPOKEN = 8
    """The peer's last utterance could not be spoken here."""


KNOWN_STATUS = Status(15)


@dataclass(frozen=True, slots=True)
class Hello:
    """Identity and formats of an end. The first message each way; the caller's comes first."""

    kind: ClassVar = FrameKind.HELLO
    stream: bytes
    """`STREAM_BYTES` random bytes: the name of this end's stream."""
    payload_version: int
    """The version of the payload that this end writes, and the highest that it reads."""
    text_coders: bytes
    """Ids of the text coders that this end reads; the first is the one that it writes."""
    voice_spaces: bytes
    """Numbers of the voice spaces that this end speaks in."""
    secret: bytes = b""
    """From the pairing line; empty if none is needed. It is sent inside TLS or on loopback only."""
    software: str = ""
    """Name and version of the program, for people to read."""
    lowest_version: int = LOWEST_VERSION
    highest_version: int = HIGHEST_VERSION

    def encode(self) -> bytes:
        """Return the body."""
        parts = (self.text_coders, self.voice_spaces, self.secret, self.software.encode()[:MAX_SOFTWARE_BYTES])
        head = MAGIC + bytes([self.lowest_version, self.highest_version, self.payload_version]) + self.stream
        return head + b"".join(bytes([len(part)]) + part for part in parts)

    @classmethod
    def decode(cls, body: bytes) -> Hello:
        """Decode `body`. Bytes that later versions append are ignored."""
        fixed = len(MAGIC) + 3 + STREAM_BYTES
        if len(body) < fixed or not body.startswith(MAGIC):
            raise ProtocolError("the peer does not speak the protocol of speechzip")
        lowest, highest, payload_version = body[3:6]
        parts: list[bytes] = []
        position = fixed
        for _ in range(4):
            length = body[position] if position < len(body) else MAX_BODY
            if position + 1 + length > len(body):
                raise ProtocolError("the peer's hello is cut short")
            parts.append(body[position + 1 : position + 1 + length])
            position += 1 + length
        coders, spaces, secret, software = parts
        if len(secret) > MAX_SECRET_BYTES or len(software) > MAX_SOFTWARE_BYTES:
            raise ProtocolError("the peer's hello has a field that is too long")
        name = printable(software.decode("utf-8", "replace"))
        return cls(body[6:fixed], payload_version, coders, spaces, secret, name, lowest, highest)

    def without_secret(self) -> Hello:
        """Return the same hello without its secret, for people and logs."""
        return replace(self, secret=b"")


@dataclass(frozen=True, slots=True)
class VoicesMessage:
    """The voices section of later payloads. It is sent once and then named by its slot."""

    kind: ClassVar = FrameKind.VOICES
    sequence: int
    """Place in the stream, from 1."""
    slot: int
    """0 to 15: its name from now on."""
    section: bytes
    """The section as it stands in a payload."""

    def encode(self) -> bytes:
        """Return the body."""
        return encode_varint(self.sequence) + bytes([self.slot]) + self.section

    @classmethod
    def decode(cls, body: bytes) -> VoicesMessage:
        """Return the message in `body`."""
        sequence, position = read_varint(body)
        if len(body) < position + 2 or body[position] > 15:
            raise ProtocolError("the peer sends voices that cannot be named")
        return cls(sequence, body[position], body[position + 1 :])


@dataclass(frozen=True, slots=True)
class UtteranceMessage:
    """A payload without its voices section."""

    kind: ClassVar = FrameKind.UTTERANCE
    sequence: int
    """Place in the stream, from 1."""
    slot: int
    """Slot of its `VoicesMessage`."""
    header: bytes
    """The payload before its voices: 1 to 15 bytes."""
    rest: bytes
    """The payload after its voices."""

    def encode(self) -> bytes:
        """Return the body."""
        return encode_varint(self.sequence) + bytes([self.slot << 4 | len(self.header)]) + self.header + self.rest

    @classmethod
    def decode(cls, body: bytes) -> UtteranceMessage:
        """Return the message in `body`."""
        sequence, position = read_varint(body)
        if position >= len(body):
            raise ProtocolError("the peer sends an utterance that is cut short")
        slot, length = body[position] >> 4, body[position] & 15
        header = body[position + 1 : position + 1 + length]
        if len(header) < length:
            raise ProtocolError("the peer sends an utterance that is cut short")
        if len(body) - position - 1 > MAX_UTTERANCE_BYTES:
            raise ProtocolError(f"the peer sends an utterance of more than {MAX_UTTERANCE_BYTES} bytes")
        return cls(sequence, slot, header, body[position + 1 + length :])


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Acknowledges a stream up to an item. Also the second message each way."""

    kind: ClassVar = FrameKind.ACKNOWLEDGE
    sequence: int
    """The last received item; 0 if the stream is new."""

    def encode(self) -> bytes:
        """Return the body."""
        return encode_varint(self.sequence)

    @classmethod
    def decode(cls, body: bytes) -> Acknowledge:
        """Return the message in `body`."""
        return cls(read_varint(body)[0])


@dataclass(frozen=True, slots=True)
class PlayedMessage:
    """Tells that the first sample of an utterance has been played."""

    kind: ClassVar = FrameKind.PLAYED
    sequence: int

    def encode(self) -> bytes:
        """Return the body."""
        return encode_varint(self.sequence)

    @classmethod
    def decode(cls, body: bytes) -> PlayedMessage:
        """Return the message in `body`."""
        return cls(read_varint(body)[0])


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """The status of the end."""

    kind: ClassVar = FrameKind.STATUS
    status: Status

    def encode(self) -> bytes:
        """Return the body."""
        return bytes([self.status])

    @classmethod
    def decode(cls, body: bytes) -> StatusMessage:
        """Return the message in `body`; flags of later versions are kept."""
        if not body:
            raise ProtocolError("the peer sends an empty status")
        return cls(Status(body[0]) & KNOWN_STATUS)


@dataclass(frozen=True, slots=True)
class Alive:
    """A sign of life."""

    kind: ClassVar = FrameKind.ALIVE

    def encode(self) -> bytes:
        """Return the body."""
        return b""

    @classmethod
    def decode(cls, body: bytes) -> Alive:
        """Return the message; the body has no meaning."""
        return cls()


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The last message of an end."""

    kind: ClassVar = FrameKind.GOODBYE
    reason: Reason

    def encode(self) -> bytes:
        """Return the body."""
        return bytes([self.reason])

    @classmethod
    def decode(cls, body: bytes) -> Goodbye:
        """Return the message in `body`; a reason of a later version is a `ProtocolError`."""
        known = {reason.value for reason in Reason}
        return cls(Reason(body[0]) if body and body[0] in known else Reason.PROTOCOL)


Message = Hello | VoicesMessage | UtteranceMessage | Acknowledge | PlayedMessage | StatusMessage | Alive | Goodbye

_DECODERS: dict[int, Callable[[bytes], Message]] = {
    message.kind: message.decode
    for message in (Hello, VoicesMessage, UtteranceMessage, Acknowledge, PlayedMessage, StatusMessage, Alive, Goodbye)
}


def encode_message(message: Message) -> bytes:
    """Return the frame that carries `message`."""
    return encode_frame(message.kind, message.encode())


def decode_message(frame: Frame) -> Message:
    """Return the message in a frame.

    Raises:
        ProtocolError: it is not a message.
    """
    decoder = _DECODERS.get(frame.kind)
    if decoder is None:
        raise ProtocolError(f"the peer sends a frame of the unknown kind {frame.kind}")
    return decoder(frame.body)
