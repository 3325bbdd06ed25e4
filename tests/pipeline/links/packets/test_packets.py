from __future__ import annotations

import itertools
import random
from dataclasses import replace
from functools import lru_cache

import pytest
from fakes import GOLDEN
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.pipeline import (
    TEXT_CODERS,
    InputError,
    Melody,
    Payload,
    PayloadCorrupt,
    PayloadError,
    PayloadTruncated,
    Speaker,
    Utterance,
    Voice,
    VoiceReference,
    decode_payload,
    encode_payload,
)
from speechzip.pipeline.links.packets import unpacking
from speechzip.pipeline.links.packets.cutting import cut_payload, cut_utterance
from speechzip.pipeline.links.packets.packing import pack
from speechzip.pipeline.links.packets.parity import encode_parity
from speechzip.pipeline.links.packets.presets import PRESETS, preset
from speechzip.pipeline.links.packets.unpacking import LIFETIME_S, Inbox, join_payloads
from speechzip.pipeline.links.packets.wire import (
    HEADER_BYTES,
    MAX_FRAGMENTS,
    MAX_PARITY,
    Fragment,
    Parity,
    decode_packet,
)

ANNA, BERT = Voice("trained-1", bytes(range(16))), Voice("trained-1", bytes(range(16, 32)))
LINES = (
    "Hello, is anybody there?",
    "Yes. I can hear you, but only just.",
    "The bridge is out, so we came back by the old road.",
    "Bring water for six people, and two more blankets.",
    "Understood.",
    "We will be there before dark.",
)
GOLDEN_PACKETS = [bytes.fromhex(line) for line in (GOLDEN / "message.packets").read_text("ascii").split()]


def conversation(lines: tuple[str, ...] = LINES, start_s: float = 1.0) -> Payload:
    utterances = [Utterance(start_s + 4 * i, 3.0, i % 2, line, 0.88) for i, line in enumerate(lines)]
    return Payload((Speaker(ANNA, 0), Speaker(BERT, 1)), tuple(utterances), start_s + 4 * len(lines), 2)


def encoded(payload: Payload) -> bytes:
    return encode_payload(payload, TEXT_CODERS[1])


DATA = encoded(conversation())


def received(packets: list[bytes] | tuple[bytes, ...], inbox: Inbox | None = None) -> tuple[list[Payload], Inbox]:
    inbox = inbox or Inbox()
    return [payload for packet in packets for payload in inbox.push(packet, 0.0).payloads], inbox


def words(payload: Payload) -> list[str]:
    return " ".join(utterance.text for utterance in payload.utterances).split()


@pytest.mark.parametrize("count", range(1, MAX_FRAGMENTS + 1))
def test_every_header_says_what_it_was_made_of(count: int) -> None:
    for index in range(count):
        fragment = Fragment(index % 16, index, count, b"payload" + bytes([index]))
        assert decode_packet(fragment.encode()) == fragment
        assert fragment.encode()[0] >> 4 == 0b1011
        assert len(fragment.encode()) == len(fragment.payload) + HEADER_BYTES
    for index in range(MAX_PARITY):
        parity = Parity(15, index, count, b"0123456789")
        assert decode_packet(parity.encode()) == parity
        assert parity.encode()[0] >> 4 == 0b1001


def test_what_fits_is_one_packet_with_no_byte_more() -> None:
    assert pack(DATA, len(DATA)).packets == (DATA,)
    assert received((DATA,))[0] == [conversation()]


@pytest.mark.parametrize("size", [51, 60, 90])
def test_each_packet_is_decoded_alone_and_keeps_its_place(size: int) -> None:
    packed = pack(DATA, size)
    assert max(map(len, packed.packets)) <= size
    assert len(packed.packets) > 1
    spoken = {(utterance.text, utterance.start_s) for utterance in conversation().utterances}
    for packet in packed.packets:
        (payload,), _ = received([packet])
        for utterance in payload.utterances:
            whole = next(line for line, _ in spoken if utterance.text in line)
            if whole == utterance.text:
                assert (utterance.text, utterance.start_s) in spoken
            assert payload.speakers[utterance.speaker].channel == LINES.index(whole) % 2
    payloads, inbox = received(packed.packets)
    joined = join_payloads(payloads)
    assert words(joined) == words(conversation())
    assert {speaker.voice for speaker in joined.speakers} == {ANNA, BERT}
    assert (joined.duration_s, joined.channels) == (25.0, 2)
    assert inbox.close() == ()


def test_a_long_utterance_is_cut_at_words_and_its_time_by_length() -> None:
    text = " ".join(LINES)
    data = encoded(Payload((Speaker(ANNA),), (Utterance(2.0, 30.0, 0, text.strip()),), 40.0))
    payloads, _ = received(pack(data, 60).packets)
    pieces = [utterance for payload in payloads for utterance in payload.utterances]
    assert len(pieces) > 1
    assert " ".join(piece.text for piece in pieces) == text.strip()
    assert sum(piece.duration_s for piece in pieces) == pytest.approx(30.0, rel=0.05)
    for earlier, later in itertools.pairwise(pieces):
        assert later.start_s == earlier.end_s
    said = 0
    for piece in pieces:
        assert piece.start_s == pytest.approx(2.0 + 30.0 * said / len(text.strip()), abs=1.0)
        said += len(piece.text) + 1


def test_the_melody_of_an_utterance_that_is_cut_is_cut_with_it() -> None:
    said = Utterance(0.0, 8.0, 0, "One, two, three, four.", melody=Melody((-6, 0, 6), 6, -6))
    first, rest = cut_utterance(said, 10, 10.0)
    assert first.melody == Melody((-6, -1), 0, -6)
    assert rest.melody == Melody((-1, 3, 6), 6, -6)
    first, rest = cut_utterance(replace(said, melody=Melody((3,), 6)), 10, 10.0)
    assert (first.melody, rest.melody) == (Melody((3,)), Melody((3,), 6))


def test_packets_carry_melodies() -> None:
    melodies = [Melody((3, -3), 6, -6), None, Melody((-6,)), None, None, Melody((), 12)]
    said = tuple(replace(each, melody=melody) for each, melody in zip(conversation().utterances, melodies, strict=True))
    payloads, _ = received(pack(encoded(replace(conversation(), utterances=said)), 90).packets)
    assert len(payloads) > 1
    assert [utterance.melody for utterance in join_payloads(payloads).utterances] == melodies


def test_a_word_longer_than_a_packet_is_cut_too() -> None:
    text = "".join(random.Random(1).choices("xqzjkvw", k=90))
    data = encoded(Payload((Speaker(VoiceReference(7)),), (Utterance(0.0, 30.0, 0, text),), 30.0))
    payloads, _ = received(pack(data, 51).packets)
    assert "".join(utterance.text for payload in payloads for utterance in payload.utterances) == text


def test_a_voice_that_fits_no_packet_is_named_and_told() -> None:
    clip = Voice("clip", bytes(3000))
    data = encoded(Payload((Speaker(clip),), (Utterance(0.0, 1.0, 0, "Hello there."),), 2.0))
    packed = pack(data, 231)
    assert packed.unsent_voices == (clip,)
    (payload,), inbox = received(packed.packets)
    assert payload.speakers == (Speaker(VoiceReference(clip.id)),)
    assert inbox.push(packed.packets[0], 0.0).message.neutral_voices == (clip.id,)  # type: ignore[union-attr]


@pytest.mark.parametrize(("size", "kept"), [(231, 64), (140, 32), (51, 16), (30, 8)])
def test_a_voice_of_several_sizes_leaves_room_for_the_words(size: int, kept: int) -> None:
    voice = Voice("trained-2", bytes(range(100, 163)) + b"\x7f")
    draw = random.Random(1)
    said = tuple(
        Utterance(2.0 * n, 1.5, 0, "".join(draw.choices("aeiou bdgklmnt", k=draw.randrange(4, 12)))) for n in range(24)
    )
    data = encoded(Payload((Speaker(voice),), said, 90.0))
    packed = pack(data, size)
    assert packed.voices == (voice.shortened(kept),)
    payloads, _ = received(packed.packets)
    voices = [payload.speakers[0].voice for payload in payloads if payload.speakers]
    assert len(voices) > 1
    assert voices == [*packed.voices] * len(voices)  # later packets name the voice of the first
    assert pack(data, 2000).voices == (voice,)  # where all of it fits, nothing is left out


def two_people(*sizes: int) -> Payload:
    """Return a talk in which the second one says less."""
    voices = [Voice("trained-2", bytes(range(i, 63 + i)) + b"\x7f").shortened(size) for i, size in enumerate(sizes)]
    said = [Utterance(1.0 + 4 * i, 3.0, int(i in (1, 3)), line) for i, line in enumerate(LINES)]
    return Payload(tuple(map(Speaker, voices)), tuple(said), 26.0)


@pytest.mark.parametrize(
    ("sizes", "less", "kept"),
    [
        ((16, 16), 0, (16, 16)),
        ((16, 16), 2, (16, 8)),  # of voices as long as each other, the voice of whom says less
        ((16, 16), 14, (8, 8)),
        ((32, 16), 2, (16, 16)),  # the longest one first
        ((64, 64), 60, (32, 32)),
    ],
)
def test_voices_are_shortened_if_that_saves_the_second_packet(
    sizes: tuple[int, ...], less: int, kept: tuple[int, ...]
) -> None:
    payload = two_people(*sizes)
    data = encode_payload(payload, TEXT_CODERS[2])
    packed = pack(data, len(data) - less)
    assert packed.packets == (encode_payload(two_people(*kept), TEXT_CODERS[2]),)
    assert len(packed.packets[0]) <= len(data) - less
    assert packed.voices == two_people(*kept).voices
    assert [len(voice.embedding) for voice in packed.shortened] == [
        short for short, long in zip(kept, sizes, strict=True) if short < long
    ]


def test_voices_are_not_shortened_where_two_packets_are_needed_anyway() -> None:
    data = encode_payload(two_people(16, 16), TEXT_CODERS[2])
    for size, parity in ((len(data) - 20, 0), (len(data) - 2, 1)):
        packed = pack(data, size, parity)
        assert len(packed.packets) - packed.parity > 1
        assert packed.voices == two_people(16, 16).voices
        assert packed.shortened == ()


def test_without_its_first_packet_a_voice_is_told_to_be_missing() -> None:
    packets = pack(DATA, 51).packets
    inbox = Inbox()
    last = inbox.push(packets[-1], 0.0)
    assert last.message is not None
    assert last.message.neutral_voices == tuple(sorted([ANNA.id, BERT.id]))
    for packet in packets[:-1]:
        last = inbox.push(packet, 0.0)
    assert last.message is not None
    assert last.message.neutral_voices == ()


def test_later_packets_speak_in_the_voice_of_earlier_ones() -> None:
    payloads, _ = received(pack(DATA, 51).packets)
    assert all(isinstance(speaker.voice, Voice) for payload in payloads for speaker in payload.speakers)


def test_missing_packets_are_told_with_their_place() -> None:
    packets = pack(DATA, 42).packets
    whole = [received([packet])[0][0] for packet in packets]
    inbox = Inbox(lifetime_s=100)
    for packet in (packets[0], *packets[2:-1]):
        inbox.push(packet, 5.0)
    assert inbox.expire(105.0) == ()
    (message,) = inbox.expire(106.0)
    assert [missing.index for missing in message.missing] == [1, len(packets) - 1]
    first, last = message.missing
    assert first.start_s == whole[0].utterances[-1].end_s
    assert first.end_s == whole[2].utterances[0].start_s
    assert last.end_s == 25.0
    assert inbox.held_bytes == 0


@lru_cache
def packed_with(parity: int) -> tuple[bytes, ...]:
    return pack(DATA, 70, parity).packets


@pytest.mark.models
@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from([1, 2, MAX_PARITY]))
def test_any_k_of_k_and_m_restore_the_message(chance: random.Random, parity: int) -> None:
    packets = list(packed_with(parity))
    assert max(map(len, packets)) <= 70
    chance.shuffle(packets)
    came = packets[parity:]
    came += chance.choices(came, k=3)
    payloads, inbox = received(came)
    assert words(join_payloads(payloads)) == words(conversation())
    assert inbox.close() == ()


def test_two_messages_and_two_senders_are_not_mixed() -> None:
    other = tuple(line.upper() for line in reversed(LINES))
    one, two = pack(DATA, 60, 1, message=3).packets, pack(encoded(conversation(other)), 60, 1, message=3).packets
    inbox = Inbox()
    heard: dict[str, list[Payload]] = {"a": [], "b": []}
    for index in range(max(len(one), len(two))):
        for sender, packets in (("a", one), ("b", two)):
            if index != 1 and index < len(packets):
                heard[sender] += inbox.push(packets[index], 0.0, sender).payloads
    assert words(join_payloads(heard["a"])) == words(conversation())
    assert words(join_payloads(heard["b"])) == words(conversation(other))


def test_a_sender_that_restarts_and_uses_its_number_again_begins_another_message() -> None:
    other = conversation(tuple(line.replace("e", "a") for line in LINES), start_s=2.0)
    first, second = pack(DATA, 60, message=3).packets, pack(encoded(other), 60, message=3).packets
    inbox = Inbox()
    received(first[:2], inbox)
    payloads, _ = received(second, inbox)
    assert words(join_payloads(payloads)) == words(other)
    late = inbox.push(first[0], 0.0)
    assert late.is_duplicate
    assert late.payloads == ()
    (told,) = inbox.close()
    assert [missing.index for missing in told.missing] == list(range(2, len(first)))


def test_a_flood_holds_a_bounded_number_of_bytes_and_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_HELD_BYTES", 32 << 10)
    inbox = Inbox()
    body = encoded(Payload((Speaker(Voice("clip", bytes(900))),), (), 1.0))
    told = 0
    for number in range(200):  # 200 messages of 20 senders, of each one packet
        packet = Fragment(number % 16, 0, 2 + number % 3, body).encode()
        told += len(inbox.push(packet, 0.0, str(number // 10)).closed)
        assert inbox.held_bytes <= 32 << 10
    assert told >= 200 - (32 << 10) // len(body)
    assert told + len(inbox.close()) == 200


def test_a_flood_of_small_packets_holds_a_bounded_number_of_messages() -> None:
    inbox = Inbox()
    body = encoded(Payload((), (), 1.0))
    for number in range(100):
        inbox.push(Fragment(number % 16, 0, 2 + number // 16, body).encode(), 0.0, "one")
    assert len(inbox.close()) == unpacking.MAX_MESSAGES_OF_SENDER
    for number in range(100):
        inbox.push(Fragment(0, 0, 2, body).encode(), 0.0, str(number))
    assert len(inbox.close()) == unpacking.MAX_MESSAGES
    for number in range(2 * unpacking.MAX_DIGESTS):
        inbox.push(encoded(Payload((), (), number / 16)), 0.0)
    assert len(inbox._digests) == unpacking.MAX_DIGESTS  # pyright: ignore[reportPrivateUsage]


def test_a_message_of_which_no_packet_comes_is_dropped_and_told() -> None:
    inbox = Inbox()
    body = encoded(Payload((), (), 1.0))
    inbox.push(Fragment(1, 0, 3, body).encode(), 0.0, "one")
    assert not inbox.push(Fragment(1, 1, 3, body).encode(), LIFETIME_S - 1, "one").closed
    assert not inbox.push(Fragment(2, 0, 3, body).encode(), 2 * LIFETIME_S - 2, "one").closed
    assert len(inbox.push(Fragment(3, 0, 3, body).encode(), 2 * LIFETIME_S, "two").closed) == 1


def test_a_whole_payload_that_comes_twice_is_told_until_it_is_old() -> None:
    inbox = Inbox(lifetime_s=60)
    assert not inbox.push(DATA, 0.0).is_duplicate
    assert inbox.push(DATA, 30.0).is_duplicate
    assert not inbox.push(DATA, 30.0, "another sender").is_duplicate
    assert not inbox.push(DATA, 100.0).is_duplicate


@pytest.mark.parametrize("packet", [GOLDEN_PACKETS[0], GOLDEN_PACKETS[-1]])
def test_truncations_and_bit_flips_are_errors_of_our_own(packet: bytes) -> None:
    for length in range(len(packet)):
        with pytest.raises(PayloadError):
            Inbox().push(packet[:length], 0.0)
    for bit in range(8 * len(packet)):
        damaged = bytearray(packet)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(PayloadError):
            Inbox().push(bytes(damaged), 0.0)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([b"\xa1", b"\xb3", b"\x93", b""]))
def test_rubbish_is_an_error_of_our_own(rubbish: bytes, first: bytes) -> None:
    with pytest.raises(PayloadError):
        Inbox().push(first + rubbish, 0.0)


@pytest.mark.models
def test_parity_of_another_message_restores_nothing_and_breaks_nothing() -> None:
    packets = pack(DATA, 70, 2, message=1).packets
    other = pack(encoded(conversation(tuple(line[::-1] for line in LINES))), 70, 2, message=1).packets
    own, strange = packets[:-2], [packet for packet in other if packet[0] >> 4 == 0b1001]
    strange = [replace_count(packet, len(own)) for packet in strange]
    payloads, _ = received([*own[1:], *strange])
    assert words(join_payloads(payloads)) == [word for packet in own[1:] for word in words(received([packet])[0][0])]


def replace_count(packet: bytes, count: int) -> bytes:
    parity = decode_packet(packet)
    assert isinstance(parity, Parity)
    return replace(parity, count=count, symbols=parity.symbols + bytes(9)).encode()


@pytest.mark.parametrize(("name", "count"), [("message.packets", 4), ("message-2.packets", 4)])
def test_golden_packets_stay_what_they_were(name: str, count: int) -> None:
    """A message of fragments in format 1 or 2 and two parity packets; two of them are lost."""
    golden = [bytes.fromhex(line) for line in (GOLDEN / name).read_text("ascii").split()]
    decoded = [decode_packet(packet) for packet in golden]
    assert [packet.encode() for packet in decoded if not isinstance(packet, bytes)] == golden
    fragments = [packet for packet in decoded if isinstance(packet, Fragment)]
    parity = [packet for packet in decoded if isinstance(packet, Parity)]
    assert [(packet.message, packet.index, packet.count) for packet in fragments] == [
        (5, i, count) for i in range(count)
    ]
    assert [(packet.message, packet.index, packet.count) for packet in parity] == [(5, 0, count), (5, 1, count)]
    bodies = [packet[HEADER_BYTES:] for packet in golden[:count]]
    assert encode_parity(bodies, 2) == [packet.symbols for packet in parity]
    payloads, inbox = received([golden[index] for index in (count + 1, count - 1, 0, count)])
    assert words(join_payloads(payloads)) == words(conversation())
    assert inbox.close() == ()
    assert decode_payload(fragments[0].payload, TEXT_CODERS).payload.speakers == (Speaker(ANNA, 0),)


def test_a_packet_that_lacks_one_byte_is_told_in_the_singular() -> None:
    told: list[str] = []
    for size in range(10, 30):
        try:
            pack(DATA, size)
        except InputError as error:
            told.append(str(error))
    assert any("use packets that are 1 byte longer" in line for line in told)
    assert any("use packets that are 2 bytes longer" in line for line in told)


@pytest.mark.models
def test_what_does_not_fit_is_told_with_what_would() -> None:
    with pytest.raises(
        InputError, match=r"smallest part of this recording takes 1.: use packets that are . bytes? longer"
    ):
        pack(DATA, preset("datac13").size)
    with pytest.raises(
        InputError,
        match=r"22 packets are the most, and hold the first 3\d s of 90 s: use packets with about \d\d bytes",
    ):
        pack(
            encoded(
                Payload(
                    (Speaker(VoiceReference(1)),),
                    tuple(Utterance(i, 1.0, 0, f"Xylophone {i * 37}.") for i in range(90)),
                    90.0,
                )
            ),
            24,
        )
    with pytest.raises(InputError, match=f"at least 9 are needed, or {len(DATA)} without"):
        pack(DATA, 8)
    with pytest.raises(InputError, match="0 to 8 parity"):
        pack(DATA, 100, 9)
    with pytest.raises(InputError, match="known are meshtastic,"):
        preset("pigeon")
    assert PRESETS["meshtastic"].size == 231


def test_headers_that_no_message_has_are_refused() -> None:
    with pytest.raises(PayloadCorrupt, match="number 253"):
        decode_packet(bytes([0xB0, 253]) + bytes(10))
    with pytest.raises(PayloadTruncated):
        decode_packet(b"\xb0\x00" + bytes(2))
    with pytest.raises(PayloadCorrupt, match="at most 1024"):
        decode_packet(b"\xb0" + bytes(1024))
    with pytest.raises(PayloadCorrupt, match="message of 23"):
        decode_packet(Parity(0, 0, 23, bytes(9)).encode())


@pytest.mark.slow
def test_few_parts_are_coded_for_each_packet() -> None:
    """Packing spends its time on coding, so the search starts from an estimate."""
    codings = 0

    def encode(payload: Payload) -> bytes:
        nonlocal codings
        codings += 1
        return encode_payload(payload, TEXT_CODERS[1])

    speaker = Speaker(Voice("classical", bytes(12)))
    utterances = tuple(Utterance(2.0 * index, 1.5, 0, f"This is sentence {index}, not long.") for index in range(40))
    cut = cut_payload(Payload((speaker,), utterances, 80.0), 120, encode, 22)
    assert len(cut.parts) == 2
    assert codings < 10
    assert max(map(len, cut.parts)) > 110


def test_what_cutting_costs_is_bounded_by_the_text() -> None:
    """Thousands of characters in a few bytes: each trial of where to cut codes many of them."""
    text = "1" * 3000
    coded = 0

    def encode(payload: Payload) -> bytes:
        nonlocal coded
        length = sum(len(said.text) for said in payload.utterances)
        coded += length
        return bytes(12 + length // 400)

    payload = Payload((Speaker(VoiceReference(1)),), (Utterance(0.0, 10.0, 0, text),), 10.0)
    with pytest.raises(InputError, match="takes too long: its text is like none that is spoken"):
        cut_payload(payload, 12, encode, 22)
    assert coded < 14 * len(text)
