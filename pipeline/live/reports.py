"""What a conversation tells whoever shows it: the terminal, the page, a test."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .wire.messages import Status
from .wire.state import LinkState


@dataclass(frozen=True, slots=True)
class Level:
    """How loud the microphone is, a few times a second."""

    level_db: float
    """RMS relative to full scale, -96 to 0."""
    talking: bool
    """Whether it is being listened to."""


@dataclass(frozen=True, slots=True)
class PartialTranscript:
    """What has been recognized of the sentence that is being said; it may change yet."""

    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """We have said something, and it is on its way or waits for the link."""

    number: int
    """Ours: `Delivered` and `Played` name it."""
    text: str
    payload_bytes: int
    """Length of the payload, voices included, as a file would have it."""
    duration_s: float
    ended_at_s: float
    """When its last sound was heard, by `time.monotonic`."""
    queued: bool
    """Whether there is no link just now."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The peer has it."""

    number: int


@dataclass(frozen=True, slots=True)
class Played:
    """The peer's loudspeaker has begun with it."""

    number: int
    latency_s: float
    """From the end of our speech to the news of it: the way back is in it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The peer has said something."""

    number: int
    """Counts what has been heard, from 1."""
    text: str
    payload_bytes: int
    voice: int
    """`Voice.id`"""
    duration_s: float
    """How long the peer took to say it."""


@dataclass(frozen=True, slots=True)
class Playing:
    """Our loudspeaker begins with what was heard."""

    number: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes on the wire so far, all frames counted, TCP and TLS not."""

    sent_bytes: int
    received_bytes: int
    spoken_s: float
    """Speech sent."""
    heard_s: float
    """Speech received."""


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """What the peer tells about itself."""

    status: Status


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person ought to know."""

    text: str


@dataclass(frozen=True, slots=True)
class Lost:
    """An utterance is lost, or its end; the conversation goes on."""

    what: Literal["said", "heard"]
    """Whether it was ours or the peer's."""
    text: str
    """Why, for people to read."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """What the other end's `speechzip talk` takes."""

    line: str
    """Empty where it is in a file."""
    secret: bool = False
    """Whether it holds a secret, which does not belong on a command line."""
    path: str = ""
    """The file that it was written to."""


Report = (
    LinkState
    | Level
    | PartialTranscript
    | Said
    | Delivered
    | Played
    | Heard
    | Playing
    | Traffic
    | PeerStatus
    | Lost
    | Notice
    | Pairing
)
Observer = Callable[[Report], None]

JSON_NAMES = {"PartialTranscript": "Guess", "latency_s": "delay_s"}
"""Name of a report or a field -> its name in JSON, where that is an older one: programs read it."""


def to_json(report: Report) -> dict[str, Any]:
    """Return a report as an object for machines: its name under ``report``, the time, its fields."""
    fields = {JSON_NAMES.get(name, name): value for name, value in asdict(report).items()}
    name = type(report).__name__
    return {"report": JSON_NAMES.get(name, name), "at_s": time.monotonic(), **fields}
