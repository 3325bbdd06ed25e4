"""The reports of a conversation, for observers such as the terminal, the page or a test."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..types import UnreadReason
from .wire.messages import Status
from .wire.state import LinkState


@dataclass(frozen=True, slots=True)
class Level:
    """The level of the microphone, a few times a second."""

    level_db: float
    """RMS relative to full scale, -96 to 0."""
    talking: bool
    """Whether the end listens now."""


@dataclass(frozen=True, slots=True)
class PartialTranscript:
    """The words recognized so far in the present sentence. They may still change."""

    text: str


@dataclass(frozen=True, slots=True)
class Review:
    """An utterance of this end is shown before it is sent, for a moment in which it can be dropped."""

    number: int
    """Counts the utterances reviewed, from 1: `Reviewed` names it."""
    text: str
    seconds: float
    """How long it can be dropped."""
    unsure: bool
    """Whether the recognizer is unsure of it, or could not read it."""
    unsure_words: tuple[int, ...] = ()
    """Indices in ``text.split()`` of the words that the recognizer is unsure of."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The review of an utterance is over."""

    number: int
    dropped: bool
    """Whether it was dropped; otherwise it is sent."""


@dataclass(frozen=True, slots=True)
class Said:
    """An utterance of this end. It is sent, or waits for the link."""

    number: int
    """This end's number for it; `Delivered` and `Played` refer to it."""
    text: str
    payload_bytes: int
    """Length of the payload with its voices, as in a file."""
    duration_s: float
    ended_at_s: float
    """Monotonic time of its last sound."""
    queued: bool
    """Whether it waits for the link."""
    unread: UnreadReason | None = None
    """Why it could not be read, and a mark is sent instead of words; `text` is then the mark to show."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The peer has received an utterance of this end."""

    number: int


@dataclass(frozen=True, slots=True)
class Played:
    """The peer's loudspeaker has begun to play an utterance of this end."""

    number: int
    latency_s: float
    """From the end of the speech to the arrival of this report, so the way back is included."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An utterance of the peer."""

    number: int
    """Counts the utterances heard, from 1."""
    text: str
    payload_bytes: int
    voice: int
    """`Voice.id`"""
    duration_s: float
    """Duration of the peer's speech."""
    unread: UnreadReason | None = None
    """Why it has no words and is played as a tone; `text` is then the mark to show."""


@dataclass(frozen=True, slots=True)
class Playing:
    """The loudspeaker begins to play an utterance of the peer."""

    number: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes on the link so far: all frames, without TCP and TLS."""

    sent_bytes: int
    received_bytes: int
    spoken_s: float
    """Speech sent."""
    heard_s: float
    """Speech received."""


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """The peer's status has changed."""

    status: Status


@dataclass(frozen=True, slots=True)
class Notice:
    """A message for the user."""

    text: str


@dataclass(frozen=True, slots=True)
class Lost:
    """An utterance, or the end of one, is lost. The conversation goes on."""

    what: Literal["said", "heard"]
    """``said``: of this end; ``heard``: of the peer."""
    text: str
    """Why, for the user."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """The pairing line, for the other end's `speechzip talk`."""

    line: str
    """Empty if it is in a file."""
    secret: bool = False
    """Whether it holds a secret, which must not be put on a command line."""
    path: str = ""
    """The file that it was written to; empty if there is none."""


Report = (
    LinkState
    | Level
    | PartialTranscript
    | Review
    | Reviewed
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
"""Name of a report or a field -> its name in JSON, if programs know it by an older one."""


def to_json(report: Report) -> dict[str, Any]:
    """Return a report as an object for machines: its name under ``report``, the time, its fields."""
    fields = {JSON_NAMES.get(name, name): value for name, value in asdict(report).items()}
    name = type(report).__name__
    return {"report": JSON_NAMES.get(name, name), "at_s": time.monotonic(), **fields}
