from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.pipeline import ProtocolError
from speechzip.pipeline.live.wire.frames import MAX_BODY, Frame, FrameReader, encode_frame, read_varint

frames = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=5)


@given(frames, st.integers(1, 50))
def test_frames_come_out_whatever_the_pieces(sent: list[tuple[int, bytes]], piece: int) -> None:
    stream = b"".join(encode_frame(kind, body) for kind, body in sent)
    reader = FrameReader()
    received = [frame for start in range(0, len(stream), piece) for frame in reader.push(stream[start : start + piece])]
    assert received == [Frame(kind, body) for kind, body in sent]
    assert not reader.inside


def test_layout_is_the_documented_one() -> None:
    assert encode_frame(7, b"") == b"\x07\x00" + zlib.crc32(b"\x07\x00").to_bytes(4, "little")
    long = encode_frame(3, bytes(200))
    assert long[:3] == b"\x03\xc8\x01"
    assert len(long) == 3 + 200 + 4


def test_every_flipped_bit_is_noticed_or_never_ends() -> None:
    good = encode_frame(3, b"some payload")
    for bit in range(8 * len(good)):
        damaged = bytearray(good)
        damaged[bit // 8] ^= 1 << bit % 8
        reader = FrameReader()
        try:
            received = list(reader.push(bytes(damaged)))
        except ProtocolError:
            continue
        assert received == []
        assert reader.inside, bit  # a longer length: the link's clock ends it


def test_a_frame_over_the_limit_is_refused_from_its_length_alone() -> None:
    reader = FrameReader()
    length = MAX_BODY + 1
    with pytest.raises(ProtocolError, match="4097 bytes; 4096 is the most"):
        list(reader.push(bytes([3, length & 0x7F | 0x80, length >> 7])))
    (frame,) = FrameReader().push(encode_frame(3, bytes(MAX_BODY)))
    assert len(frame.body) == MAX_BODY


def test_a_length_that_cannot_be_one_is_refused() -> None:
    for length in ("8000", "ffffffff7f", "ffffffffff"):
        with pytest.raises(ProtocolError, match="no possible length"):
            list(FrameReader().push(bytes.fromhex("03" + length)))
    reader = FrameReader()
    assert list(reader.push(bytes.fromhex("0380"))) == []  # the rest of the length may follow
    assert reader.inside


def test_numbers_of_a_body() -> None:
    assert read_varint(b"\x07\xac\x02\x09", 1) == (300, 3)
    with pytest.raises(ProtocolError, match="cut short"):
        read_varint(b"\xac")
    for number in ("ffffffff7f", "ffffffffffff", "8000"):
        with pytest.raises(ProtocolError, match="more than 32 bits, or more bytes than it needs"):
            read_varint(bytes.fromhex(number))
