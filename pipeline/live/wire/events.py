"""The events that `Link` returns."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import LinkError
from .messages import Hello, Reason, Status

REASONS = {
    Reason.DONE: "the peer has left",
    Reason.DENIED: "the peer does not know our secret; use the pairing line that its `speechzip listen` prints",
    Reason.BUSY: "the peer is talking with somebody else",
    Reason.VERSION: "the two ends have no version of the protocol, the payload or the text coder in common; "
    "upgrade speechzip on both",
    Reason.PROTOCOL: "the peer received damaged bytes",
    Reason.SILENCE: "the peer has heard nothing from us for too long",
}
FATAL = frozenset({Reason.DENIED, Reason.VERSION})
"""After these, another attempt would end in the same way."""


@dataclass(frozen=True, slots=True)
class Greeted:
    """A caller has said hello with the right secret: `Link.admit` it or `Link.refuse` it."""

    hello: Hello


@dataclass(frozen=True, slots=True)
class Opened:
    """Both ends may speak."""

    hello: Hello
    """The hello of the peer, without its secret."""


@dataclass(frozen=True, slots=True)
class PayloadReceived:
    """An utterance of the peer has arrived."""

    sequence: int
    """Its number, for `Link.played`."""
    stream: bytes
    """The name of the peer's stream, which tells peers apart."""
    payload: bytes
    """The whole payload, with its voices, not decoded yet."""


@dataclass(frozen=True, slots=True)
class DeliveredTo:
    """The peer has received utterances of ours."""

    numbers: tuple[int, ...]
    """As `Outbox.enqueue` returned them."""


@dataclass(frozen=True, slots=True)
class PlayedBy:
    """The peer's loudspeaker has begun with an utterance of ours."""

    number: int
    """As `Outbox.enqueue` returned it."""


@dataclass(frozen=True, slots=True)
class StatusOf:
    """The peer's status has changed."""

    status: Status


@dataclass(frozen=True, slots=True)
class Ended:
    """The link is over: the peer has said goodbye or is silent, or we have ended it. No event follows."""

    reason: Reason
    message: str
    fatal: bool
    """Whether another attempt would end in the same way."""


LinkEvent = Greeted | Opened | PayloadReceived | DeliveredTo | PlayedBy | StatusOf | Ended


def raise_if_fatal(ended: Ended) -> None:
    """Raise an error if another attempt is pointless.

    Raises:
        LinkError: the peer has turned us away for good.
    """
    if ended.fatal:
        raise LinkError(ended.message)
