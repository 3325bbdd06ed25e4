"""``send`` and ``receive``: the packets, the files, the messages to the user."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import typer
from fakes import GOLDEN
from speechzip.pipeline import (
    EngineError,
    InputError,
    OutputError,
    Payload,
    PayloadCorrupt,
    PayloadError,
    Samples,
    Speaker,
    Utterance,
    Voice,
    VoiceReference,
    compression,
    decode_payload,
    encode_payload,
    read_payload,
)
from speechzip.pipeline.console.options import TextCoderChoice
from speechzip.pipeline.engines import loading
from speechzip.pipeline.links import Inbox, Mailbox, Received, SendState, pack, prepare, transfer, transmit
from speechzip.pipeline.links import carrier as carrier_module
from speechzip.pipeline.links.files import unpack
from speechzip.pipeline.links.packets.parity import encode_parity
from speechzip.pipeline.links.packets.wire import HEADER_BYTES, Fragment, Parity
from speechzip.pipeline.links.peers import MAX_VOICES, PeerVoices
from speechzip.pipeline.links.receiving import MailboxLimits
from speechzip.pipeline.textcoder.registry import TEXT_CODERS
from speechzip.pipeline.unread.marks import Unread

DATA = bytes.fromhex((GOLDEN / "two-channels.hex").read_text("ascii"))
SAID = decode_payload(DATA, TEXT_CODERS).payload


class FakeCarrier:
    """A link with packets of 44 bytes that may lose one for good."""

    packet_bytes = 40
    peer = "anna"
    acknowledges = True

    def __init__(self, address: str = "", *, to: str | None = None, lose: int | None = None) -> None:
        self.gone: list[bytes] = []
        self.lose = lose

    def airtime_s(self, size: int) -> float:
        return 0.5

    def send(self, packets: Sequence[bytes], transcript: str = "") -> Iterator[SendState]:
        yield SendState("waiting", detail="others talk")
        for index, packet in enumerate(packets):
            if index == self.lose:
                yield SendState("failed", index, "nobody answered")
                continue
            self.gone.append(packet)
            yield SendState("sent", index)
            yield SendState("acknowledged", index)

    def receive(self) -> Iterator[Received | None]:
        yield None
        for packet in self.gone:
            yield Received(packet, "!a1b2", "-110 dBm")
        yield Received(b"rubbish")


class FakeSynthesizer:
    name = "fake"
    spaces = frozenset({"classical"})
    sample_rate = 8000

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        return np.full(800, 0.1 if voice else 0.2, np.float32)


class FakeBook:
    """A voice book that takes voices with the same first byte for one person's."""

    def find(self, voice_id: int, spaces: frozenset[str]) -> Voice | None:
        return None

    def match(self, voice: Voice, among: Sequence[Voice] | None = None) -> Voice | None:
        return next((other for other in among or () if other.embedding[0] == voice.embedding[0]), None)

    def named(self, name: str, space: str) -> Voice:
        raise NotImplementedError

    def name_of(self, voice_id: int) -> str | None:
        return None


def mailbox(folder: Path, limits: MailboxLimits | None = None) -> Mailbox:
    return Mailbox("fake", folder, FakeSynthesizer, limits or MailboxLimits())


@pytest.fixture
def call(tmp_path: Path) -> Path:
    path = tmp_path / "call.spz"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> FakeCarrier:
    fake = FakeCarrier()

    def open_fake(over: str, options: dict[str, object]) -> FakeCarrier:
        return fake

    monkeypatch.setattr(carrier_module, "open_carrier", open_fake)
    return fake


def test_states_are_told_and_the_end_is_summed_up(
    call: Path, link: FakeCarrier, capsys: pytest.CaptureFixture[str]
) -> None:
    transfer.send("fake:", call)
    printed = capsys.readouterr()
    count = len(link.gone)
    assert count > 2
    assert printed.err.splitlines()[:3] == [
        "speechzip: waiting: others talk",
        f"speechzip: packet 1 of {count} sent",
        f"speechzip: packet 1 of {count} acknowledged",
    ]
    assert printed.out.startswith(f"{count} of {count} packets acknowledged: packets of ")
    assert printed.out.endswith(f"{count / 2:.1f} s on the air\n")


def test_the_log_has_packets_and_no_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "speechzip.pipeline.links")
    carrier, box = FakeCarrier(lose=1), mailbox(tmp_path)
    transmit(prepare(SAID, carrier), carrier, lambda _state: None)
    box.push(Received(carrier.gone[0], "!a1b2", "-110 dBm"), 0.0)
    with pytest.raises(PayloadError):
        box.push(Received(b"rubbish"), 0.0)
    lines = [record.getMessage() for record in caplog.records]
    assert "packet 0: sent " in lines
    assert "packet 1: failed nobody answered" in lines
    assert f"fake: a packet of {len(carrier.gone[0])} bytes from '!a1b2' (-110 dBm)" in lines
    assert any(line.startswith("fake: 7 bytes from '' () are refused: ") for line in lines)
    assert not any(word in " ".join(lines) for one in SAID.utterances for word in one.text.split() if len(word) > 5)


def test_what_was_given_up_is_told_and_the_exit_status_says_so(
    call: Path, link: FakeCarrier, capsys: pytest.CaptureFixture[str]
) -> None:
    link.lose = 1
    with pytest.raises(typer.Exit) as ended:
        transfer.send("fake:", call, as_json=True)
    assert ended.value.exit_code == 1
    summary = json.loads(capsys.readouterr().out)
    assert summary["failed"] == {"1": "nobody answered"}
    assert 1 not in summary["sent"]
    link.lose = 1
    transfer.send("fake:", call, parity=1)  # the parity packet stands in for it


def test_ctrl_c_says_what_has_become_of_each_packet(
    call: Path, link: FakeCarrier, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(packets: Sequence[bytes], transcript: str = "") -> Iterator[SendState]:
        yield SendState("acknowledged", 0)
        yield SendState("sent", 1)
        yield SendState("failed", 2, "nobody answered")
        yield SendState("sending", 3)
        yield SendState("waiting", 4, "others talk")
        raise SystemExit(130)

    monkeypatch.setattr(link, "send", interrupted)
    link.packet_bytes = 30
    with pytest.raises(SystemExit):
        transfer.send("fake:", call, as_json=True)
    printed = capsys.readouterr()
    summary = json.loads(printed.out)
    count = summary["packets"]
    assert count >= 6
    assert printed.err.splitlines()[-1] == (
        f"speechzip: 1 of {count} packets acknowledged; packet 3 was given up (nobody answered); "
        "packet 2 went out without an acknowledgment; packet 4 stopped on the way; packets "
        f"{', '.join(map(str, range(5, count + 1)))} did not go out"
    )
    assert (summary["sent"], summary["acknowledged"], summary["stopped"]) == ([0, 1], [0], [3])


def test_a_link_of_long_packets_takes_parity_too(call: Path, link: FakeCarrier) -> None:
    """A fragment has at most 1024 bytes, whatever a link such as LXMF would carry."""
    link.packet_bytes = 200 << 10
    transfer.send("fake:", call, parity=2)
    assert len(link.gone) == 3
    (payload,) = Inbox().push(link.gone[0], 0.0).payloads
    assert [utterance.text for utterance in payload.utterances] == [utterance.text for utterance in SAID.utterances]


def test_a_dry_run_sends_nothing(call: Path, link: FakeCarrier, capsys: pytest.CaptureFixture[str]) -> None:
    transfer.send("fake:", call, dry_run=True, as_json=True)
    summary = json.loads(capsys.readouterr().out)
    assert link.gone == []
    assert (summary["dry_run"], summary["sent"], summary["airtime_s"]) == (True, [], summary["packets"] / 2)


def test_a_recording_is_compressed_first(
    call: Path,
    tmp_path: Path,
    link: FakeCarrier,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[str | None] = []

    def load_recognizer(text_coder: str | None) -> None:
        asked.append(text_coder)

    def compress(path: Path, recognizer: None, progress: object) -> SimpleNamespace:
        unread = [
            Unread(1.0, 0.5, None, "perhaps speech"),
            Unread(2.0, 1.0, 0, "unclear"),
            Unread(4.0, 2.0, 0, "unclear"),
        ]
        return SimpleNamespace(payload=SAID, unread=unread)

    monkeypatch.setattr(compression, "compress", compress)
    monkeypatch.setattr(loading, "load_recognizer", load_recognizer)
    (tmp_path / "call.wav").write_bytes(b"RIFF")
    transfer.send("fake:", tmp_path / "call.wav")
    assert len(link.gone) > 2
    transfer.send("fake:", tmp_path / "call.wav", text_coder=TextCoderChoice.english, dry_run=True)
    assert asked == [None, "english-2"]  # the coder of the words has a say in them
    told = capsys.readouterr().err
    assert "call.wav: 3.0 s of speech in 2 segments could not be read: marks are sent" in told
    assert "call.wav: 0.5 s in 1 segment may be speech that could not be read: nothing of it is sent" in told
    with pytest.raises(InputError, match="cannot be read"):
        transfer.send("fake:", tmp_path / "none.wav")
    (tmp_path / "cut.spz").write_bytes(DATA[:30])
    with pytest.raises(ValueError, match=r"damaged|ends"):
        transfer.send("fake:", tmp_path / "cut.spz")


def test_words_are_printed_as_they_come_and_lie_in_the_folder(
    call: Path, link: FakeCarrier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    transfer.send("fake:", call)
    link.gone.reverse()
    capsys.readouterr()
    transfer.receive("fake:", output=tmp_path / "in", sound=False, as_json=True)
    printed = capsys.readouterr()
    rows = [json.loads(line) for line in printed.out.splitlines()]
    assert [row["whole"] for row in rows] == [False] * (len(rows) - 1) + [True]
    assert rows[0]["missing"][0]["packet"] == 1
    assert {row["sender"] for row in rows} == {"!a1b2"}
    assert "a packet of 7 bytes is left out" in printed.err
    payload = read_payload(tmp_path / "in" / "001.spz").payload
    assert [utterance.text for utterance in payload.utterances] == [utterance.text for utterance in SAID.utterances]
    assert set(payload.speakers) == set(SAID.speakers)


def test_what_is_missing_at_the_end_is_told_and_the_rest_is_spoken(tmp_path: Path) -> None:
    box = mailbox(tmp_path / "in")
    packets = pack(DATA, 60).packets
    for packet in packets[:-1]:
        (state,) = box.push(Received(packet, "ben"), 0.0)
        assert (state.is_whole, state.sound) == (False, None)
    (given_up,) = box.expire(601.0)
    assert given_up.message is not None
    assert [gap.index for gap in given_up.message.missing] == [len(packets) - 1]
    assert given_up.sound == tmp_path / "in" / "001.wav"
    assert box.close() == []


def test_only_parity_is_told(tmp_path: Path) -> None:
    box = mailbox(tmp_path)
    assert box.push(Received(pack(DATA, 60, parity=1).packets[-1]), 0.0) == []
    (state,) = box.close()
    assert "only parity" in state.why_silent


def test_earlier_messages_stay(tmp_path: Path) -> None:
    (tmp_path / "001.spz").write_bytes(b"mine")
    (tmp_path / "002.wav").write_bytes(b"mine")
    (state,) = mailbox(tmp_path).push(Received(DATA), 0.0)
    assert state.path == tmp_path / "003.spz"
    assert (tmp_path / "001.spz").read_bytes() == b"mine"


def test_what_strangers_cost_is_bounded(tmp_path: Path) -> None:
    """Ten bytes claim a day: no sound is made of it. A flood of messages ends in a bounded number of files."""
    coder = TEXT_CODERS[1]
    day = Payload((), (), 86400.0)
    box = mailbox(tmp_path, MailboxLimits(messages=3))
    (state,) = box.push(Received(encode_payload(day, coder)), 0.0)
    assert state.sound is None
    assert state.why_silent == "it claims 86400 s; 600 s are spoken"
    for number in range(5):
        (state,) = box.push(Received(encode_payload(replace(day, duration_s=float(number)), coder)), 0.0)
    assert (state.path, state.why_silent) == (None, "3 messages are kept already")
    assert len(list(tmp_path.glob("*.spz"))) == 3
    box = mailbox(tmp_path / "second", MailboxLimits(total_sound_s=SAID.duration_s + 1))
    (first,) = box.push(Received(DATA), 0.0)
    (second,) = box.push(Received(encode_payload(replace(SAID, duration_s=SAID.duration_s + 1), coder)), 0.0)
    assert first.sound is not None
    assert "of sound are made already" in second.why_silent
    with pytest.raises(PayloadCorrupt):
        box.push(Received(b"rubbish"), 0.0)
    assert box.refused == 1


def fragments_of_strangers(each: int = 33) -> list[bytes]:
    """Return two fragments that look like one message, with more speakers than a payload may have."""
    packets: list[bytes] = []
    for index in range(2):
        speakers = tuple(Speaker(VoiceReference(index * each + number)) for number in range(each))
        said = Utterance(float(index), 1.0, 0, f"Part {index}.")
        part = encode_payload(Payload(speakers, (said,), 9.0), TEXT_CODERS[2])
        packets.append(Fragment(3, index, 2, part).encode())
    return packets


def test_fragments_with_too_many_speakers_are_no_message(tmp_path: Path) -> None:
    box = Mailbox("fake", tmp_path, None)
    states = [state for packet in fragments_of_strangers() for state in box.push(Received(packet, "eve"), 0.0)]
    assert not any(state.is_whole for state in states)
    texts = [[said.text for said in state.payload.utterances] for state in box.close()]
    assert texts == [["Part 0."], ["Part 1."]]  # and nothing is lost
    found = unpack([(str(number), packet) for number, packet in enumerate(fragments_of_strangers())])
    assert len(found.recordings) == 2
    found = unpack([(str(number), packet) for number, packet in enumerate(fragments_of_strangers(32))])
    assert [len(read_payload(data).payload.speakers) for data, _ in found.recordings] == [64]


def test_parity_restores_no_fragments_with_too_many_speakers() -> None:
    packets = fragments_of_strangers()
    symbols = encode_parity([packet[HEADER_BYTES:] for packet in packets], 1)
    found = unpack([("fragment", packets[0]), ("parity", Parity(3, 0, 2, symbols[0]).encode())])
    assert [len(read_payload(data).payload.speakers) for data, _ in found.recordings] == [33]


def test_what_cannot_be_written_is_told_and_others_come(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.write_bytes(b"a file")
    box = mailbox(folder)
    (state,) = box.push(Received(DATA), 0.0)
    assert (state.path, state.sound, box.unkept) == (None, None, 1)
    assert [said.text for said in state.new[0].utterances] == [said.text for said in SAID.utterances]
    assert "it is not kept" in state.why_silent
    folder.unlink()
    (state,) = box.push(Received(encode_payload(replace(SAID, duration_s=60.0), TEXT_CODERS[2])), 0.0)
    assert state.path == folder / "001.spz"


@pytest.mark.parametrize("synthesizer", [None, "typo"])
def test_receive_refuses_what_cannot_work_at_once(
    synthesizer: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier_module, "open_carrier", pytest.fail)
    folder = tmp_path / "in"
    if synthesizer is None:
        folder.write_bytes(b"a file")
    with pytest.raises((EngineError, OutputError), match=r"no synthesizer named 'typo'|is a file"):
        transfer.receive("fake", output=folder, synthesizer=synthesizer)


def test_a_message_is_the_same_whatever_order_its_packets_came_in(tmp_path: Path) -> None:
    packets = pack(DATA, 60).packets
    one, other = (unpack([("", packet) for packet in order]) for order in (packets, packets[::-1]))
    assert [data for data, _ in one.recordings] == [data for data, _ in other.recordings]


@pytest.mark.parametrize("dash", [False, True])
def test_what_comes_through_a_pipe_is_sent_whole(dash: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compressed: list[bytes] = []

    def compress(source: Any, **_: object) -> Any:
        compressed.append(source.read())
        return SimpleNamespace(payload=SAID, unread=())

    monkeypatch.setattr(compression, "compress", compress)
    monkeypatch.setattr(loading, "load_recognizer", dict)
    content = b"RIFF and more than is read to tell what it is" * 200_000
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    with open(pipe, "rb") if dash else nullcontext() as stream:
        if stream:
            monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))
        payload, _ = transfer._payload(Path("-") if dash else pipe, None)  # pyright: ignore[reportPrivateUsage]
    writer.join()
    assert compressed == [content]
    assert payload == SAID


def test_a_voice_is_sent_once_and_named_from_then_on(tmp_path: Path) -> None:
    link, peer, box = FakeCarrier(), PeerVoices("sent", "fake:anna"), Mailbox("fake", tmp_path, None)
    voices = [speaker.voice for speaker in SAID.speakers]
    first = prepare(SAID, link, peer=peer, book=FakeBook())
    transmit(first, link, lambda _: None)
    assert set(first.voices) == set(voices)
    peer.remember(first.voices)
    again = replace(
        SAID,
        duration_s=SAID.duration_s + 1,
        speakers=tuple(
            Speaker(Voice("classical", bytes([speaker.voice.embedding[0], 9, 9])), speaker.channel)
            for speaker in SAID.speakers
            if isinstance(speaker.voice, Voice)
        ),
    )
    second = prepare(again, link, peer=PeerVoices("sent", "fake:anna"), book=FakeBook())
    assert second.voices == ()
    assert sum(map(len, second.packed.packets)) < sum(map(len, first.packed.packets)) - 15
    elsewhere = prepare(again, link, peer=PeerVoices("sent", "fake:ben"), book=FakeBook())
    assert len(elsewhere.voices) == 2
    for packet in link.gone:
        box.push(Received(packet, "us"), 0.0)
    restarted = Mailbox("fake", tmp_path, None)  # a receiver that was started anew knows them still
    states = [state for packet in second.packed.packets for state in restarted.push(Received(packet, "us"), 0.0)]
    assert {speaker.voice for speaker in states[-1].payload.speakers} == set(voices)
    stranger = Mailbox("fake", tmp_path, None)
    states = [state for packet in second.packed.packets for state in stranger.push(Received(packet, "him"), 0.0)]
    assert all(isinstance(speaker.voice, VoiceReference) for speaker in states[-1].payload.speakers)


def test_what_is_remembered_is_bounded_private_and_survives_rubbish(tmp_path: Path) -> None:
    peer = PeerVoices("received", "fake:ben", tmp_path / "links")
    peer.remember(Voice("classical", bytes([1, number])) for number in range(MAX_VOICES + 5))
    peer.remember([Voice("clip", bytes(2000))])
    assert len(peer.voices()) == MAX_VOICES
    (path,) = (tmp_path / "links").iterdir()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    rubbish: list[Any] = [b"", b"{", b"[]", b'{"voices": [["x", "00"]]}', b'{"voices": [["classical", 7]]}']
    for content in rubbish:
        path.write_bytes(content)
        assert PeerVoices("received", "fake:ben", tmp_path / "links").voices() == []
    peer.remember([Voice("classical", b"new")])
    assert peer.voices() == [Voice("classical", b"new")]


@pytest.mark.slow
def test_an_utterance_of_a_recording_is_whole_again(tmp_path: Path) -> None:
    """A long utterance that was cut into pieces comes back in its order."""
    text = " ".join(f"word{number}" for number in range(60))
    long = Payload((SAID.speakers[0],), (Utterance(0.0, 20.0, 0, text),), 21.0)
    link, box = FakeCarrier(), mailbox(tmp_path)
    transmit(prepare(long, link), link, lambda _: None)
    states = [state for packet in reversed(link.gone) for state in box.push(Received(packet), 0.0)]
    assert " ".join(utterance.text for utterance in states[-1].payload.utterances) == text
