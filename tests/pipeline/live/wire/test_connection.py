"""Every state of a connection with every event, and a link's reaction to an impossible message."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
from speechzip.pipeline import ProtocolError
from speechzip.pipeline.live.wire.connection import COMPLAINTS, next_state
from speechzip.pipeline.live.wire.connection import ConnectionEvent as Event
from speechzip.pipeline.live.wire.connection import ConnectionState as State
from speechzip.pipeline.live.wire.delivery import Outbox, ReceivedStreams
from speechzip.pipeline.live.wire.events import Ended
from speechzip.pipeline.live.wire.link import Link
from speechzip.pipeline.live.wire.messages import (
    Acknowledge,
    Alive,
    Goodbye,
    Hello,
    Message,
    PlayedMessage,
    Reason,
    Status,
    StatusMessage,
    VoicesMessage,
    encode_message,
)

POSSIBLE = """
    LISTENING  HELLO GREETED      LISTENING GOODBYE ENDED   LISTENING CLOSE ENDED
    CALLING    HELLO RESUMING     CALLING   GOODBYE ENDED   CALLING   CLOSE ENDED
    GREETED    ADMIT RESUMING     GREETED   GOODBYE ENDED   GREETED   CLOSE ENDED
    RESUMING   ACKNOWLEDGE OPEN   RESUMING  GOODBYE ENDED   RESUMING  CLOSE ENDED
    OPEN       ACKNOWLEDGE OPEN   OPEN      GOODBYE ENDED   OPEN      CLOSE ENDED
    OPEN       OTHER OPEN                                   ENDED     CLOSE ENDED
""".split()
TABLE = {
    (State[before], Event[event]): State[after]
    for before, event, after in zip(POSSIBLE[::3], POSSIBLE[1::3], POSSIBLE[2::3], strict=True)
}
PAIRS = list(itertools.product(State, Event))


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=lambda each: each.name)
def test_every_state_with_every_event(state: State, event: Event) -> None:
    if (state, event) in TABLE:
        assert next_state(state, event) is TABLE[state, event]
    elif event is Event.ADMIT:
        with pytest.raises(RuntimeError, match=f"ADMIT is impossible in the state {state.name}"):
            next_state(state, event)
    else:
        with pytest.raises(ProtocolError, match=COMPLAINTS[state]):
            next_state(state, event)


HELLO = Hello(b"", 1, b"\x01\x00", b"\x01", b"secret", "speechzip test")
CALLER = replace(HELLO, stream=bytes(8))


def _link(listens: bool) -> Link:
    return Link(HELLO, ReceivedStreams(), Outbox(), listens=listens, now_s=0.0)


def _listening() -> Link:
    return _link(listens=True)


def _calling() -> Link:
    return _link(listens=False)


def _greeted() -> Link:
    link = _listening()
    link.receive(encode_message(CALLER), 0.0)
    return link


def _resuming() -> Link:
    link = _greeted()
    link.admit()
    return link


def _open() -> Link:
    link = _resuming()
    link.receive(encode_message(Acknowledge(0)), 0.0)
    return link


def _ended() -> Link:
    link = _open()
    link.close()
    return link


LINKS: dict[State, Callable[[], Link]] = {
    State.LISTENING: _listening,
    State.CALLING: _calling,
    State.GREETED: _greeted,
    State.RESUMING: _resuming,
    State.OPEN: _open,
    State.ENDED: _ended,
}
MESSAGES: dict[Event, list[Message]] = {
    Event.HELLO: [CALLER],
    Event.ACKNOWLEDGE: [Acknowledge(0)],
    Event.GOODBYE: [Goodbye(Reason.DONE)],
    Event.OTHER: [
        VoicesMessage(1, 0, b"VV"), PlayedMessage(1), StatusMessage(Status.TALKING), Alive(),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=lambda each: each.name)
def test_a_link_in_every_state_is_sent_every_message(state: State, event: Event) -> None:
    """A message that the table does not hold ends the link with a reason; any other leads where the table says."""
    for message in MESSAGES.get(event, []):
        link = LINKS[state]()
        assert link.state is state
        events = link.receive(encode_message(message), 0.0)
        if state is State.ENDED:
            assert events == []
        elif (state, event) in TABLE:
            assert link.state is TABLE[state, event]
            assert isinstance(events[-1] if events else None, Ended) == (event is Event.GOODBYE)
        else:
            assert events == [Ended(Reason.PROTOCOL, COMPLAINTS[state], fatal=False)]
            assert link.state is State.ENDED


@pytest.mark.parametrize("state", list(State), ids=lambda each: each.name)
def test_a_caller_is_admitted_once_and_after_its_hello(state: State) -> None:
    link = LINKS[state]()
    if state is State.GREETED:
        link.admit()
        assert link.state is State.RESUMING
        return
    with pytest.raises(RuntimeError, match="ADMIT is impossible"):
        link.admit()
    assert link.state is state


@pytest.mark.parametrize("state", list(State), ids=lambda each: each.name)
def test_a_connection_may_be_lost_in_every_state_and_twice(state: State) -> None:
    link = LINKS[state]()
    link.close()
    link.close()
    assert link.state is State.ENDED
    assert link.receive(encode_message(Alive()), 0.0) == link.advance(1e9) == link.take_next() == []
