"""The protocol without sockets: the tests carry bytes between two links."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.pipeline.live.limits import LIMITS
from speechzip.pipeline.live.wire.delivery import Outbox, ReceivedStreams, SplitPayload
from speechzip.pipeline.live.wire.events import (
    DeliveredTo,
    Ended,
    Greeted,
    LinkEvent,
    Opened,
    PayloadReceived,
    PlayedBy,
    StatusOf,
)
from speechzip.pipeline.live.wire.link import Link
from speechzip.pipeline.live.wire.messages import (
    WINDOW,
    Acknowledge,
    Hello,
    Reason,
    Status,
    StatusMessage,
    UtteranceMessage,
    encode_message,
)

HELLO = Hello(b"", 1, b"\x01\x00", b"\x01", b"secret", "speechzip test")


def split(text: str) -> SplitPayload:
    return SplitPayload(b"HH", b"VV", text.encode())


@dataclass
class End:
    """The state that one end keeps across connections."""

    hello: Hello = HELLO
    outbox: Outbox = field(default_factory=Outbox)
    inbox: ReceivedStreams = field(default_factory=ReceivedStreams)
    heard: list[bytes] = field(default_factory=list[bytes])
    delivered: list[int] = field(default_factory=list[int])

    def link(self, listens: bool, now_s: float = 0.0) -> Link:
        return Link(self.hello, self.inbox, self.outbox, listens=listens, now_s=now_s)

    def take(self, events: list[LinkEvent]) -> None:
        for event in events:
            if isinstance(event, PayloadReceived):
                self.heard.append(event.payload)
            elif isinstance(event, DeliveredTo):
                self.delivered += event.numbers


def received(link: Link, data: bytes, now_s: float = 0.0) -> list[LinkEvent]:
    """Return the events of bytes at an end that accepts every utterance at once."""
    events = link.receive(data, now_s)
    for event in events:  # which grow
        if isinstance(event, PayloadReceived):
            events += link.take_next()
    return events


def exchange(caller: Link, listener: Link, now_s: float = 0.0, keep: int = 10**9) -> tuple[list[LinkEvent], ...]:
    """Carry bytes until nobody has any; at most `keep` bytes from the caller arrive, then the line is dead."""
    at_caller: list[LinkEvent] = []
    at_listener: list[LinkEvent] = []
    while True:
        there = caller.to_send(now_s)[:keep]
        keep -= len(there)
        new = received(listener, there, now_s)
        if any(isinstance(event, Greeted) for event in new):
            listener.admit()
        at_listener += new
        back = listener.to_send(now_s) if keep else b""
        at_caller += received(caller, back, now_s)
        if not there and not back:
            return at_caller, at_listener


def open_pair() -> tuple[End, End, Link, Link]:
    anna, ben = End(), End()
    caller, listener = anna.link(listens=False), ben.link(listens=True)
    at_caller, at_listener = exchange(caller, listener)
    assert [type(event) for event in at_caller] == [Opened]
    assert [type(event) for event in at_listener] == [Greeted, Opened]
    return anna, ben, caller, listener


def test_hello_says_who_is_there_and_keeps_the_secret() -> None:
    _, _, caller, listener = open_pair()
    assert caller.is_open
    assert listener.is_open
    anna = End()
    caller, listener = anna.link(listens=False), End().link(listens=True)
    _, (greeted, opened) = exchange(caller, listener)
    assert isinstance(greeted, Greeted)
    assert greeted.hello == Hello(anna.outbox.stream, 1, b"\x01\x00", b"\x01", b"", "speechzip test")
    assert opened == Opened(greeted.hello)


def test_utterances_go_both_ways_and_are_acknowledged() -> None:
    anna, ben, caller, listener = open_pair()
    number = anna.outbox.enqueue(split("hello"))
    ben.outbox.enqueue(split("and hello"))
    at_caller, at_listener = exchange(caller, listener)
    assert PayloadReceived(2, anna.outbox.stream, b"HHVVhello") in at_listener
    assert PayloadReceived(2, ben.outbox.stream, b"HHVVand hello") in at_caller
    assert DeliveredTo((number,)) in at_caller
    listener.played(2)
    listener.set_status(Status.TALKING)
    assert exchange(caller, listener)[0] == [PlayedBy(number), StatusOf(Status.TALKING)]
    assert exchange(caller, listener) == ([], [])  # told once


def test_a_listener_says_nothing_to_who_lacks_the_secret() -> None:
    stranger, ben = End(Hello(b"", 1, b"\x01", b"\x01", b"guess")), End()
    ben.outbox.enqueue(split("private"))
    caller, listener = stranger.link(listens=False), ben.link(listens=True)
    assert listener.to_send(0) == b""
    (ended,), (refused,) = exchange(caller, listener)
    assert isinstance(ended, Ended)
    assert (ended.reason, ended.fatal) == (Reason.DENIED, True)
    assert "pairing line" in ended.message
    assert isinstance(refused, Ended)
    assert listener.bytes_sent == 7  # the goodbye: nothing about voices or words


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n" * 300, encode_message(Acknowledge(0)), bytes(7)])
def test_a_listener_answers_nothing_to_what_is_not_the_protocol(said: bytes) -> None:
    listener = End().link(listens=True)
    (ended,) = listener.receive(said, 0)
    assert isinstance(ended, Ended)
    assert ended.reason is Reason.PROTOCOL
    assert listener.to_send(0) == b""
    assert listener.receive(b"more", 0) == []


def test_nothing_is_taken_before_the_listener_has_admitted() -> None:
    anna, listener = End(), End().link(listens=True)
    hello = anna.link(listens=False).to_send(0)
    events = listener.receive(
        hello + encode_message(Acknowledge(0)) + encode_message(UtteranceMessage(1, 0, b"H", b"")), 0
    )
    assert [type(event) for event in events] == [Greeted, Ended]


@pytest.mark.parametrize(
    "hello",
    [
        Hello(b"", 1, b"\x01", b"\x01", b"secret", lowest_version=2, highest_version=3),
        Hello(b"", 0, b"\x01", b"\x01", b"secret"),
        Hello(b"", 1, b"\x63\x01", b"\x01", b"secret"),
    ],
    ids=["protocol", "payload", "text coder"],
)
def test_versions_that_do_not_meet_end_the_link_for_good(hello: Hello) -> None:
    (ended,), _ = exchange(End(hello).link(listens=False), End().link(listens=True))
    assert isinstance(ended, Ended)
    assert (ended.reason, ended.fatal) == (Reason.VERSION, True)


def test_a_later_version_that_knows_ours_is_welcome() -> None:
    later = End(Hello(b"", 1, b"\x01\x63", b"\x09\x01", b"secret", lowest_version=1, highest_version=7))
    at_caller, _ = exchange(later.link(listens=False), End().link(listens=True))
    assert [type(event) for event in at_caller] == [Opened]


def test_a_stall_of_ten_seconds_is_survived_and_of_thirty_is_not() -> None:
    _, _, caller, listener = open_pair()
    assert caller.advance(10.0) == listener.advance(10.0) == []
    assert exchange(caller, listener, 10.0) == ([], [])  # both say that they are alive
    assert caller.advance(10.0 + LIMITS.silence_s - 1) == []
    (ended,) = caller.advance(10.0 + LIMITS.silence_s + 1)
    assert isinstance(ended, Ended)
    assert not ended.fatal
    assert "nothing has come from the peer for 20 s" in ended.message


def test_silence_is_filled_and_costs_little() -> None:
    _, _, caller, listener = open_pair()
    before = caller.bytes_sent
    for second in range(1, 61):
        assert caller.advance(second) == listener.advance(second) == []
        exchange(caller, listener, second)
    assert caller.bytes_sent - before <= 6 * 60 / LIMITS.alive_every_s


def test_a_peer_that_never_greets_or_never_ends_a_frame_is_dropped() -> None:
    silent = End().link(listens=True)
    assert silent.advance(LIMITS.handshake_s - 1) == []
    assert isinstance(silent.advance(LIMITS.handshake_s + 1)[0], Ended)
    assert silent.to_send(LIMITS.handshake_s + 1) == b""
    _, _, caller, listener = open_pair()
    for second in range(int(LIMITS.silence_s) + 1):  # a length that a damaged bit has made longer
        listener.receive(b"\x03\xff\x1f" if second == 0 else b"x", second)
        assert listener.advance(second) == []
        listener.to_send(second)
    (ended,) = listener.advance(LIMITS.silence_s + 1)
    assert isinstance(ended, Ended)
    assert ended.reason is Reason.PROTOCOL
    (told,) = caller.receive(listener.to_send(21), 21)
    assert isinstance(told, Ended)
    assert not told.fatal


def test_a_peer_that_reads_nothing_is_dropped_and_costs_no_memory() -> None:
    anna, ben, caller, listener = open_pair()
    for index in range(1000):  # the peer speaks and never reads: nothing is made for it
        anna.outbox.enqueue(split(f"text {index}"))
        ben.take(received(listener, caller.to_send(1), 1))
        caller.receive(encode_message(Acknowledge(index + 2)), 1)
    assert len(ben.heard) == 1000
    assert len(listener.to_send(1)) == 8  # one acknowledgment for all
    assert listener.advance(1 + LIMITS.silence_s - 0.5) == []
    listener.receive(b"", 2 + LIMITS.silence_s)
    (ended,) = listener.advance(2 + LIMITS.silence_s)
    assert isinstance(ended, Ended)
    assert "read nothing" in ended.message


def test_an_utterance_that_is_not_asked_for_waits_unacknowledged_and_the_rest_is_heard_at_once() -> None:
    anna, _, caller, listener = open_pair()
    numbers = [anna.outbox.enqueue(split(f"text {index}")) for index in range(40)]
    (first,) = listener.receive(caller.to_send(0), 0)
    assert isinstance(first, PayloadReceived)
    assert first.payload == b"HHVVtext 0"
    assert caller.receive(listener.to_send(0), 0) == [DeliveredTo((numbers[0],))]  # one, and its voices
    caller.set_status(Status.TALKING)
    assert listener.receive(caller.to_send(0), 0) == [StatusOf(Status.TALKING)]
    for number, text in zip(numbers[1:], range(1, 40), strict=True):
        (heard,) = listener.take_next()
        assert isinstance(heard, PayloadReceived)
        assert heard.payload == f"HHVVtext {text}".encode()
        assert caller.receive(listener.to_send(0), 0) == [DeliveredTo((number,))]
        assert listener.receive(caller.to_send(0), 0) == []
    assert listener.take_next() == []


def test_a_peer_that_does_not_wait_for_acknowledgments_is_sent_away() -> None:
    anna, _, caller, listener = open_pair()
    anna.outbox.enqueue(split("text 0"))
    events = listener.receive(caller.to_send(0), 0)
    for sequence in range(3, 3 + WINDOW):
        events += listener.receive(encode_message(UtteranceMessage(sequence, 0, b"HH", b"text")), 0)
    assert [type(event) for event in events] == [PayloadReceived]
    flood = b"".join(
        encode_message(UtteranceMessage(sequence, 0, b"HH", b"text")) for sequence in range(3 + WINDOW, 4000)
    )
    (ended,) = listener.receive(flood, 0)
    assert isinstance(ended, Ended)
    assert ended.message == "the peer has more than 17 items on the way"


def test_what_was_not_asked_for_comes_again_after_a_reconnection() -> None:
    anna, ben, caller, listener = open_pair()
    for text in ("one", "two", "three"):
        anna.outbox.enqueue(split(text))
    ben.take(listener.receive(caller.to_send(0), 0))
    caller.receive(listener.to_send(0), 0)
    _, again = exchange(anna.link(listens=False), ben.link(listens=True))
    ben.take(again)
    assert ben.heard == [b"HHVVone", b"HHVVtwo", b"HHVVthree"]


def test_the_same_status_again_is_no_news() -> None:
    _, _, _, listener = open_pair()
    events = listener.receive(encode_message(StatusMessage(Status.NO_LOUDSPEAKER)) * 10_000, 0)
    assert events == [StatusOf(Status.NO_LOUDSPEAKER)]
    assert listener.receive(encode_message(StatusMessage(Status.NOTHING)), 0) == [StatusOf(Status.NOTHING)]


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.booleans()), max_size=12))
def test_nothing_is_lost_and_nothing_is_heard_twice(breaks: list[tuple[int, int, bool]]) -> None:
    """Connections break after any byte, again and again; utterances wait meanwhile."""
    anna, ben = End(), End()
    said: list[bytes] = []
    numbers: list[int] = []
    for keep, count, _ in [*breaks, (10**9, 0, False)]:
        for _ in range(count):
            text = f"utterance {len(said)}"
            said.append(b"HHVV" + text.encode())
            numbers.append(anna.outbox.enqueue(split(text)))
        at_caller, at_listener = exchange(anna.link(listens=False), ben.link(listens=True), keep=keep)
        anna.take(at_caller)
        ben.take(at_listener)
    assert ben.heard == said
    assert anna.delivered == numbers
    assert len(anna.outbox) == 0


@settings(max_examples=300)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_end_the_link_or_leave_it_whole(noise: bytes, listens: bool) -> None:
    _, _, caller, listener = open_pair()
    link = listener if listens else caller
    link.receive(noise, 0)
    link.to_send(0)
    assert link.is_open != link.ended
    fresh = End().link(listens=listens)
    fresh.receive(noise, 0)
    assert not fresh.is_open


@given(st.data())
def test_damaged_bytes_are_never_heard(data: st.DataObject) -> None:
    anna, _, caller, listener = open_pair()
    anna.outbox.enqueue(split("what was said"))
    sent = bytearray(caller.to_send(0))
    bit = data.draw(st.integers(0, 8 * len(sent) - 1))
    sent[bit // 8] ^= 1 << bit % 8
    heard = [event for event in listener.receive(bytes(sent), 0) if isinstance(event, PayloadReceived)]
    assert heard in ([], [PayloadReceived(2, anna.outbox.stream, b"HHVVwhat was said")])
    assert listener.ended or listener.advance(LIMITS.silence_s + 1) != []


def test_the_log_follows_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="speechzip.pipeline.live.wire.link")
    caller, listener = End().link(False), End().link(True)
    exchange(caller, listener)
    assert listener.is_open
    listener.receive(b"\xff" * 40, 1.0)
    lines = [record.getMessage() for record in caplog.records]
    assert "connection: LISTENING -> GREETED on HELLO" in lines
    assert "connection: GREETED -> RESUMING on ADMIT" in lines
    assert lines[-1] == "connection: OPEN -> ENDED on CLOSE"
    assert lines[-2].startswith("connection ends: ")
    assert lines[-2].endswith("(PROTOCOL)")
