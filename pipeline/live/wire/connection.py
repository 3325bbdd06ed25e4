"""The states of one connection, and the events that lead from one to the next.

    caller     CALLING --- hello ---.
                                    v
    listener   LISTENING            RESUMING --- acknowledge ---> OPEN
                   |                ^                             any message but a hello
                   `-- hello --> GREETED
                                 admit

A goodbye of the peer's or a close of ours leads from any state to ENDED. What the table does not hold is impossible.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from ...errors import ProtocolError


class ConnectionState(Enum):
    """The state of a connection."""

    LISTENING = auto()
    """This end waits for a caller's hello, and says nothing before it."""
    CALLING = auto()
    """This end has sent its hello, and waits for the listener's."""
    GREETED = auto()
    """The caller knows the secret; the listener has not admitted it yet."""
    RESUMING = auto()
    """Both hellos are sent; this end waits for the acknowledgment of its stream."""
    OPEN = auto()
    """Both ends may speak."""
    ENDED = auto()
    """Nothing is read or written any more."""


class ConnectionEvent(Enum):
    """What changes the state: a message of the peer's, or a decision of ours."""

    HELLO = auto()
    ACKNOWLEDGE = auto()
    OTHER = auto()
    """A message of the peer's that only an open connection carries: voices, utterance, played, status, alive."""
    GOODBYE = auto()
    ADMIT = auto()
    """Ours: the listener takes the caller."""
    CLOSE = auto()
    """Ours: we say goodbye, or the socket is gone. It may come twice."""


OURS = frozenset({ConnectionEvent.ADMIT, ConnectionEvent.CLOSE})

_ENDS = {ConnectionEvent.GOODBYE: ConnectionState.ENDED, ConnectionEvent.CLOSE: ConnectionState.ENDED}

TRANSITIONS: Mapping[ConnectionState, Mapping[ConnectionEvent, ConnectionState]] = {
    ConnectionState.LISTENING: {ConnectionEvent.HELLO: ConnectionState.GREETED, **_ENDS},
    ConnectionState.CALLING: {ConnectionEvent.HELLO: ConnectionState.RESUMING, **_ENDS},
    ConnectionState.GREETED: {ConnectionEvent.ADMIT: ConnectionState.RESUMING, **_ENDS},
    ConnectionState.RESUMING: {ConnectionEvent.ACKNOWLEDGE: ConnectionState.OPEN, **_ENDS},
    ConnectionState.OPEN: {
        ConnectionEvent.ACKNOWLEDGE: ConnectionState.OPEN,
        ConnectionEvent.OTHER: ConnectionState.OPEN,
        **_ENDS,
    },
    ConnectionState.ENDED: {ConnectionEvent.CLOSE: ConnectionState.ENDED},
}

COMPLAINTS: Mapping[ConnectionState, str] = {
    ConnectionState.LISTENING: "the peer does not begin with a hello",
    ConnectionState.CALLING: "the peer does not begin with a hello",
    ConnectionState.GREETED: "the peer does not wait for our hello",
    ConnectionState.RESUMING: "the peer does not say how far our stream has come",
    ConnectionState.OPEN: "the peer greets us twice",
    ConnectionState.ENDED: "the peer goes on after the end",
}
"""The fault of a peer that sends an impossible message, by state."""


def next_state(state: ConnectionState, event: ConnectionEvent) -> ConnectionState:
    """Return the state that an event leads to.

    Raises:
        ProtocolError: the peer's message is impossible in this state.
        RuntimeError: our own step is; it is a bug.

    Example:
        >>> next_state(ConnectionState.CALLING, ConnectionEvent.HELLO).name
        'RESUMING'
    """
    following = TRANSITIONS[state].get(event)
    if following is not None:
        return following
    if event in OURS:
        raise RuntimeError(f"{event.name} is impossible in the state {state.name}")
    raise ProtocolError(COMPLAINTS[state])
