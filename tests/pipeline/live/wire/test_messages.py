from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.pipeline import ProtocolError, printable
from speechzip.pipeline.live.wire.frames import Frame, FrameReader, encode_frame
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
    UtteranceMessage,
    VoicesMessage,
    decode_message,
    encode_message,
)

HELLO = Hello(b"streamid", 1, b"\x01\x00", b"\x01", b"secret", "speechzip 0.1.0")
MESSAGES = [
    HELLO,
    VoicesMessage(1, 15, b"section"),
    UtteranceMessage(300, 3, b"header", b"rest"),
    UtteranceMessage(1, 0, b"h", b""),
    Acknowledge(0),
    Acknowledge(2**32 - 1),
    PlayedMessage(7),
    StatusMessage(Status.TALKING | Status.NO_LOUDSPEAKER),
    Alive(),
    *(Goodbye(reason) for reason in Reason),
]


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_there_and_back(message: Message) -> None:
    (frame,) = FrameReader().push(encode_message(message))
    assert decode_message(frame) == message


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_every_truncation_is_refused_or_means_something(message: Message) -> None:
    (frame,) = FrameReader().push(encode_message(message))
    for length in range(len(frame.body)):
        try:
            decode_message(Frame(frame.kind, frame.body[:length]))
        except ProtocolError:
            continue
        assert not isinstance(message, Hello)


@given(st.integers(0, 255), st.binary(max_size=80))
def test_any_bytes_are_refused_or_mean_something(kind: int, body: bytes) -> None:
    try:
        message = decode_message(Frame(kind, body))
    except ProtocolError:
        return
    (again,) = FrameReader().push(encode_message(message))
    assert decode_message(again) == message


def test_hello_leaves_room_for_later_versions() -> None:
    assert Hello.decode(HELLO.encode() + b"more") == HELLO
    assert Hello.decode(HELLO.encode()).without_secret().secret == b""
    assert b"secret" not in HELLO.without_secret().encode()


def test_what_is_not_ours_is_refused() -> None:
    with pytest.raises(ProtocolError, match="does not speak the protocol"):
        decode_message(Frame(1, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"))
    with pytest.raises(ProtocolError, match="unknown kind 99"):
        decode_message(Frame(99, b""))
    with pytest.raises(ProtocolError, match="too long"):
        Hello.decode(Hello(b"streamid", 1, b"", b"", bytes(65)).encode())


def test_goodbye_for_a_reason_of_later_versions() -> None:
    (frame,) = FrameReader().push(encode_frame(8, b"\xfe"))
    assert decode_message(frame) == Goodbye(Reason.PROTOCOL)


def test_what_steers_a_terminal_is_taken_out() -> None:
    assert printable("\x1b[2JHi\r\n\u202e there\x07") == "\ufffd[2JHi\ufffd\ufffd\ufffd there\ufffd"
