from __future__ import annotations

import pytest
from speechzip.pipeline import ProtocolError, QueueFullError
from speechzip.pipeline.live.limits import LIMITS
from speechzip.pipeline.live.wire.delivery import Outbox, ReceivedStreams, SplitPayload
from speechzip.pipeline.live.wire.messages import WINDOW, UtteranceMessage, VoicesMessage


def split(text: str, voices: bytes = b"VVV") -> SplitPayload:
    return SplitPayload(b"HH", voices, text.encode())


def sequences(items: list[UtteranceMessage | VoicesMessage]) -> list[int]:
    return [item.sequence for item in items]


def test_voices_go_once_and_utterances_are_put_together_again() -> None:
    outbox, inbox = Outbox(), ReceivedStreams()
    numbers = [outbox.enqueue(split("one")), outbox.enqueue(split("two")), outbox.enqueue(split("three", b"OTHER"))]
    items = list(outbox.to_send())
    assert [type(item) for item in items] == [
        VoicesMessage,
        UtteranceMessage,
        UtteranceMessage,
        VoicesMessage,
        UtteranceMessage,
    ]
    assert inbox.received_up_to(outbox.stream) == 0
    heard = [inbox.take(outbox.stream, item) for item in items]
    assert heard == [None, b"HHVVVone", b"HHVVVtwo", None, b"HHOTHERthree"]
    assert outbox.acknowledge(inbox.received_up_to(outbox.stream)) == numbers
    assert len(outbox) == 0
    outbox.enqueue(split("four"))
    assert [type(item) for item in outbox.to_send()] == [UtteranceMessage]


def test_what_is_not_acknowledged_is_sent_again_and_heard_once() -> None:
    outbox, inbox = Outbox(), ReceivedStreams()
    numbers = [outbox.enqueue(split(text)) for text in ("one", "two", "three")]
    inbox.received_up_to(outbox.stream)
    lost = list(outbox.to_send())
    for item in lost[:3]:  # voices, one, two arrive; the acknowledgment of two does not
        inbox.take(outbox.stream, item)
    assert outbox.acknowledge(2) == numbers[:1]
    assert outbox.resume(inbox.received_up_to(outbox.stream)) == numbers[1:2]
    again = list(outbox.to_send())
    assert sequences(again) == [4]
    assert [inbox.take(outbox.stream, item) for item in again] == [b"HHVVVthree"]
    assert [inbox.take(outbox.stream, item) for item in lost] == [None] * 4  # all old


def test_a_peer_that_was_started_again_gets_all_that_is_left_with_its_voices() -> None:
    outbox = Outbox()
    for text in ("one", "two", "three"):
        outbox.enqueue(split(text))
    list(outbox.to_send())
    outbox.acknowledge(2)
    outbox.resume(0)
    inbox = ReceivedStreams()
    inbox.received_up_to(outbox.stream)
    heard = [inbox.take(outbox.stream, item) for item in outbox.to_send()]
    assert heard == [None, b"HHVVVtwo", b"HHVVVthree"]


def test_another_peer_gets_another_stream() -> None:
    outbox = Outbox()
    outbox.enqueue(split("one"))
    list(outbox.to_send())
    name = outbox.stream
    outbox.restart()
    assert outbox.stream != name
    assert sequences(list(outbox.to_send())) == [1, 2]


def test_a_peer_cannot_claim_what_was_not_sent() -> None:
    outbox = Outbox()
    outbox.enqueue(split("one"))
    with pytest.raises(ProtocolError, match="was not sent"):
        outbox.acknowledge(1)
    list(outbox.to_send())
    with pytest.raises(ProtocolError, match="0 to 2 are possible"):
        outbox.resume(3)


def test_a_gap_and_unknown_voices_are_refused() -> None:
    inbox = ReceivedStreams()
    inbox.received_up_to(b"stream")
    with pytest.raises(ProtocolError, match="item 2 after item 0"):
        inbox.take(b"stream", UtteranceMessage(2, 0, b"H", b"R"))
    with pytest.raises(ProtocolError, match="has not sent"):
        inbox.take(b"stream", UtteranceMessage(1, 0, b"H", b"R"))


def test_the_queue_is_bounded_and_says_so() -> None:
    outbox = Outbox()
    for index in range(LIMITS.queued):
        outbox.enqueue(split(str(index)))
    with pytest.raises(QueueFullError, match="256 utterances wait"):
        outbox.enqueue(split("more"))
    assert len(list(outbox.to_send())) == WINDOW - 1  # voices among them, which may make it one more
    large = Outbox()
    with pytest.raises(QueueFullError, match="takes 1025 bytes and its voice 3"):
        large.enqueue(split("x" * 1023))
    with pytest.raises(QueueFullError, match="its voice 4096"):
        large.enqueue(split("x", bytes(4096)))
    with pytest.raises(QueueFullError, match="wait for the link"):
        for _ in range(LIMITS.queued):
            large.enqueue(split("x" * 1022))
    assert len(large) == 64  # 64 KiB of them


def test_many_voices_share_the_slots() -> None:
    outbox, inbox = Outbox(), ReceivedStreams()
    inbox.received_up_to(outbox.stream)
    for index in range(40):
        voices = f"voice {index % 20}".encode()
        outbox.enqueue(split(f"text {index}", voices))
        heard = [inbox.take(outbox.stream, item) for item in outbox.to_send()]
        assert heard[-1] == b"HH" + voices + f"text {index}".encode()
        outbox.acknowledge(inbox.received_up_to(outbox.stream))


def test_only_some_streams_are_remembered() -> None:
    inbox = ReceivedStreams()
    inbox.received_up_to(b"first")
    inbox.take(b"first", VoicesMessage(1, 0, b"V"))
    for index in range(LIMITS.streams - 1):
        inbox.received_up_to(str(index).encode())
    assert inbox.received_up_to(b"first") == 1
    for index in range(LIMITS.streams):
        inbox.received_up_to(str(index).encode())
    assert inbox.received_up_to(b"first") == 0
