from __future__ import annotations

import contextlib
from dataclasses import replace
from math import inf, nan

import pytest
from fakes import GOLDEN, FakeTextCoder, with_checksum, with_named_voices
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.pipeline import (
    LANGUAGES,
    MAX_LONG_VOICE_BYTES,
    MAX_VOICE_BYTES,
    TEXT_CODERS,
    InputError,
    Payload,
    PayloadCorrupt,
    PayloadError,
    PayloadTruncated,
    PayloadVersionError,
    Speaker,
    TextCoder,
    TextError,
    Utterance,
    Voice,
    VoiceReference,
    decode_payload,
)
from speechzip.pipeline.payload.format import MAX_UTTERANCES, TICKS_PER_SECOND, split_voices
from speechzip.pipeline.payload.format import encode_payload as encode_any
from speechzip.pipeline.payload.format1 import CONFIDENCE_LEVELS

FAKE = FakeTextCoder()
FAKES = {FAKE.id: FAKE}
REAL = TEXT_CODERS[1]


def encode_payload(payload: Payload, coder: TextCoder) -> bytes:
    return encode_any(payload, coder, version=1)


def ticks(lowest: int, highest: int) -> st.SearchStrategy[float]:
    return st.integers(lowest, highest).map(lambda tick: tick / TICKS_PER_SECOND)


@st.composite
def payloads(draw: st.DrawFn) -> Payload:
    channels = draw(st.sampled_from([1, 2]))
    embeddings = st.binary(min_size=1, max_size=MAX_VOICE_BYTES) | st.binary(min_size=60, max_size=300)
    voices: st.SearchStrategy[Voice | VoiceReference] = st.builds(
        Voice, st.sampled_from(["classical", "clip", "space-9", "space-255"]), embeddings
    )
    voices |= st.builds(VoiceReference, st.integers(0, 65535))
    speakers = draw(
        st.lists(st.builds(Speaker, voices, st.integers(0, channels - 1)), min_size=1, max_size=9).map(tuple)
    )
    utterances = draw(
        st.lists(
            st.builds(
                Utterance,
                start_s=ticks(0, 9000),
                duration_s=ticks(1, 2000),
                speaker=st.integers(0, len(speakers) - 1),
                text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
                confidence=st.sampled_from(CONFIDENCE_LEVELS),
                language=st.sampled_from(["en", "en", *LANGUAGES]),
            ),
            max_size=12,
        )
    )
    utterances.sort(key=lambda utterance: utterance.start_s)
    last_s = utterances[-1].start_s if utterances else 0.0
    recognizer = draw(st.sampled_from(["moonshine-tiny-en", "another", "whisper", "whisper-large-v3", "recognizer-99"]))
    return Payload(speakers, tuple(utterances), last_s + draw(ticks(0, 999)), channels, recognizer)


@given(payloads())
@settings(max_examples=200, deadline=None)
def test_comes_back(payload: Payload) -> None:
    data = encode_payload(payload, FAKE)
    decoded = decode_payload(data, FAKES)
    assert decoded.payload == payload
    assert sum(decoded.sections.values()) == len(data)


@given(payloads(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_burst_of_damage_is_noticed(payload: Payload, data: st.DataObject) -> None:
    """A checksum of 16 bits finds all damage within 16 bits."""
    code = encode_payload(payload, FAKE)
    burst = data.draw(st.integers(1, 0xFFFF)) << data.draw(st.integers(0, 8 * len(code) - 16))
    damaged = (int.from_bytes(code, "big") ^ burst).to_bytes(len(code), "big")
    with pytest.raises(PayloadError):
        decode_payload(damaged, FAKES)


@given(payloads(), st.data())
@settings(max_examples=100, deadline=None)
def test_what_damage_the_checksum_does_not_find_ends_in_our_own_words(payload: Payload, data: st.DataObject) -> None:
    body = bytearray(encode_payload(payload, FAKE)[:-2])
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PayloadError):
        decode_payload(with_checksum(bytes(body)), FAKES)


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_rubbish_is_refused_in_our_own_words(rubbish: bytes) -> None:
    # Behind a good checksum, so that the parser meets it.
    for body in (rubbish, b"\xa1\x00" + rubbish):
        with contextlib.suppress(PayloadError):
            decode_payload(with_checksum(body), FAKES)


def test_golden_bytes(payload: Payload) -> None:
    data = encode_payload(payload, REAL)
    assert data.hex() == (GOLDEN / "two-channels.hex").read_text().strip()
    assert decode_payload(data, TEXT_CODERS).payload == payload


def test_golden_sections(payload: Payload) -> None:
    sections = decode_payload(encode_payload(payload, REAL), TEXT_CODERS).sections
    assert {name: sections[name] for name in ("header", "voices", "checksum")} == {
        "header": 5,  # magic and version, text coder, two bytes of duration and flags, count of utterances
        "voices": 25,  # count, channels, length and space, 10 bytes, length, 10 bytes
        "checksum": 2,
    }


def golden() -> bytes:
    return bytes.fromhex((GOLDEN / "two-channels.hex").read_text())


def test_every_truncation_of_the_golden_payload() -> None:
    data = golden()
    for length in range(len(data)):
        with pytest.raises(PayloadError):
            decode_payload(data[:length], TEXT_CODERS)


def test_every_bit_flip_of_the_golden_payload() -> None:
    data = golden()
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(PayloadError):
            decode_payload(bytes(flipped), TEXT_CODERS)


def test_every_bit_flip_behind_a_good_checksum(payload: Payload) -> None:
    body = encode_payload(payload, FAKE)[:-2]
    survived = 0
    for bit in range(8 * len(body)):
        flipped = bytearray(body)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            decoded = decode_payload(with_checksum(bytes(flipped)), FAKES)
        except PayloadError:
            continue
        survived += 1
        assert decoded.payload != payload
    assert survived > 160  # the two voices' bits, at least, mean another voice


def test_newer_version() -> None:
    data = bytearray(golden())
    data[0] = 0xA5
    with pytest.raises(PayloadVersionError, match="upgrade speechzip"):
        decode_payload(bytes(data), TEXT_CODERS)


def test_unknown_text_model(payload: Payload) -> None:
    body = bytearray(golden()[:-2])
    body[1] = 250
    with pytest.raises(PayloadVersionError, match="model 250"):
        decode_payload(with_checksum(bytes(body)), TEXT_CODERS)


@pytest.mark.parametrize(
    ("data", "error"), [(b"", PayloadTruncated), (b"RIFF....", PayloadCorrupt), (b"\xa1", PayloadTruncated)]
)
def test_not_a_payload(data: bytes, error: type[PayloadError]) -> None:
    with pytest.raises(error):
        decode_payload(data, TEXT_CODERS)


def test_large_payloads_have_a_longer_checksum(payload: Payload) -> None:
    long = replace(payload, utterances=(replace(payload.utterances[0], text=bytes(range(32, 127)).decode() * 9),))
    data = encode_payload(long, FAKE)
    decoded = decode_payload(data, FAKES)
    small = len(data) <= 256
    assert decoded.sections["checksum"] == (2 if small else 4)
    assert decoded.payload == long


def test_times_land_within_a_thirtysecond(payload: Payload) -> None:
    odd = replace(payload.utterances[0], start_s=0.5312, duration_s=1.999)
    moved = decode_payload(encode_payload(replace(payload, utterances=(odd,)), FAKE), FAKES).payload.utterances[0]
    assert abs(moved.start_s - odd.start_s) <= 1 / 32
    assert abs(moved.duration_s - odd.duration_s) <= 1 / 32


def test_lone_surrogate_is_refused(payload: Payload) -> None:
    broken = replace(payload, utterances=(replace(payload.utterances[0], text="a\ud800b"),))
    with pytest.raises(TextError, match="lone surrogate"):
        encode_payload(broken, FAKE)


@pytest.mark.parametrize(
    "change",
    [
        {"channels": 3},
        {"duration_s": 90000.0},
        {"duration_s": 1.0},
        {"speakers": ()},
        {"speakers": (Speaker(Voice("classical", b""), 0),) * 2},
        {"speakers": (Speaker(Voice("clip", bytes(MAX_LONG_VOICE_BYTES + 1)), 0),) * 2},
        {"speakers": (Speaker(VoiceReference(65536), 0),) * 2},
        {"speakers": (Speaker(Voice("nowhere", b"x"), 0),) * 2},
        {"channels": 1},
        *({"utterances": (Utterance(1.0, length_s, 0, "a"),)} for length_s in (inf, nan, -1.0, 200_000.0)),
    ],
)
@pytest.mark.parametrize("version", [1, 4])
def test_impossible_payloads_are_not_written(payload: Payload, change: dict[str, object], version: int) -> None:
    with pytest.raises(InputError, match=r"\w"):
        encode_any(replace(payload, **change), FAKE, version)  # type: ignore[arg-type]


@pytest.fixture
def named(payload: Payload) -> Payload:
    return with_named_voices(payload)


def test_golden_bytes_of_named_and_long_voices(named: Payload) -> None:
    data = encode_payload(named, REAL)
    assert data.hex() == (GOLDEN / "named-voices.hex").read_text().strip()
    decoded = decode_payload(data, TEXT_CODERS)
    assert decoded.payload == named
    # Speakers and flag, recognizer, channels; 0 and the id; length and space, two bytes of length, 100 bytes.
    assert decoded.sections["voices"] == 3 + 3 + 4 - 1 + 100


def test_every_bit_flip_of_named_and_long_voices_behind_a_good_checksum(named: Payload) -> None:
    body = encode_payload(named, FAKE)[:-2]
    survived = 0
    for bit in range(8 * len(body)):
        flipped = bytearray(body)
        flipped[bit // 8] ^= 1 << bit % 8
        with contextlib.suppress(PayloadError):
            assert decode_payload(with_checksum(bytes(flipped)), FAKES).payload != named
            survived += 1
    assert survived > 8 * 102  # the id's and the clip's bits, at least


def test_another_recognizer_travels_as_another(payload: Payload) -> None:
    data = encode_payload(replace(payload, recognizer="telepathy"), REAL)
    assert decode_payload(data, TEXT_CODERS).payload.recognizer == "another"


def test_a_long_length_is_not_believed(named: Payload) -> None:
    data = encode_payload(named, REAL)
    start = data.index(bytes([0xFF, 2, 100]))
    for length, error in [(b"\x01", PayloadCorrupt), (b"\x81\x20", PayloadCorrupt), (b"\xe8\x07", PayloadTruncated)]:
        body = data[: start + 2] + length + data[start + 3 : -2]
        with pytest.raises(error):
            decode_payload(with_checksum(body), TEXT_CODERS)


def test_voice_id_is_stable() -> None:
    # The first two bytes of SHA-256 over "classical", NUL and the bytes 0 to 9, the second first.
    assert f"{Voice('classical', bytes(range(10))).id:04x}" == "9620"


@given(payloads())
@pytest.mark.slow
def test_a_payload_is_cut_at_its_voices(payload: Payload) -> None:
    data = encode_payload(payload, FAKE)
    sections = decode_payload(data, FAKES).sections
    parts = split_voices(data)
    assert b"".join(parts) == data
    assert [len(part) for part in parts[:2]] == [sections["header"], sections["voices"]]
    with pytest.raises(PayloadError):
        split_voices(data[:-1])


@pytest.mark.slow
def test_as_many_utterances_as_a_payload_may_have() -> None:
    person = Speaker(Voice("classical", bytes(10)))
    nothing = Utterance(0.0, 0.0625, 0, "")
    most = Payload((person,), (nothing,) * MAX_UTTERANCES, 1.0)
    data = encode_payload(most, REAL)
    assert len(decode_payload(data, TEXT_CODERS).payload.utterances) == MAX_UTTERANCES
    with pytest.raises(ValueError, match="split the recording"):
        encode_payload(replace(most, utterances=(*most.utterances, nothing)), REAL)


def test_more_utterances_are_refused_before_any_is_read() -> None:
    body = bytes.fromhex("a1010081800800") + bytes(4_000_000)  # 131,073 of them
    with pytest.raises(PayloadCorrupt, match="131073 utterances; 131072 is the most"):
        decode_payload(with_checksum(body), TEXT_CODERS)
