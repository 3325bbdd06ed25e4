"""Playback of a peer's utterances: any engine may fail on them, and a peer may send far too many."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from fakes import FakeRecognizer, FakeSynthesizer, FakeTextCoder, FakeVoiceEncoder
from live_ends import RawPeer, raw_peer, run, until
from speechzip.pipeline import Payload, Samples, Speaker, Synthesizer, Utterance, Voice, VoiceReference
from speechzip.pipeline.live.limits import LIMITS, Limits
from speechzip.pipeline.live.reports import Heard, Lost, Notice, Pairing, PeerStatus, Report
from speechzip.pipeline.live.session import playback
from speechzip.pipeline.live.session.connecting import wait_for_calls
from speechzip.pipeline.live.session.engines import LiveEngines
from speechzip.pipeline.live.session.playback import PlayQueue
from speechzip.pipeline.live.session.session import Session, SessionOptions, run_session
from speechzip.pipeline.live.session.synthesis import estimate_duration_s, speak
from speechzip.pipeline.live.wire.delivery import SplitPayload
from speechzip.pipeline.live.wire.events import PayloadReceived
from speechzip.pipeline.live.wire.frames import FrameReader
from speechzip.pipeline.live.wire.messages import Status, StatusMessage, decode_message
from speechzip.pipeline.live.wire.state import LinkState
from speechzip.pipeline.payload.format import encode_payload

RATE = FakeSynthesizer.sample_rate
CODER = FakeTextCoder()


OUR_SPACE = Voice("classical", bytes(10))


def payload(*texts: str, voice: Voice | VoiceReference = OUR_SPACE) -> bytes:
    """Return an utterance of a peer, as bytes."""
    utterances = tuple(Utterance(float(index), 1.0, 0, text) for index, text in enumerate(texts))
    whole = Payload((Speaker(voice),), utterances, float(len(texts)))
    return encode_payload(whole, CODER, version=1)


class Ear:
    """A loudspeaker that counts its samples; it may be full."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.free.set()
        self.samples = self.most_at_once = self.stopped = 0
        self.finished: list[str] = []

    async def play(self, heard: Heard, samples: Samples, sample_rate: int) -> None:
        await self.free.wait()
        self.samples += len(samples)

    async def finish(self, heard: Heard) -> None:
        self.finished.append(heard.text)

    async def stop(self) -> None:
        self.stopped += 1

    async def close(self) -> None:
        pass


class Ben:
    """Listens on loopback."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.ear = Ear()
        self.session: Session | None = None

    def texts(self, kind: type[Heard | Lost | Notice]) -> list[str]:
        return [report.text for report in self.reports if isinstance(report, kind)]

    @property
    def port(self) -> int:
        (pairing,) = (report for report in self.reports if isinstance(report, Pairing))
        return int(pairing.line.rpartition(":")[2])

    @property
    def waiting(self) -> PlayQueue:
        assert self.session is not None
        return self.session.conversation._playback._queue  # pyright: ignore[reportPrivateUsage]

    async def front_end(self, session: Session) -> None:
        self.session = session
        await asyncio.Event().wait()


class Book:
    """A voice book that knows one voice, or whose store is gone."""

    def __init__(self, voice: Voice | None = None, error: Exception | None = None) -> None:
        self.voice, self.error = voice, error

    def find(self, voice_id: int, spaces: frozenset[str]) -> Voice | None:
        if self.error:
            raise self.error
        return self.voice if self.voice and self.voice.id == voice_id else None

    def named(self, name: str, space: str) -> Voice:
        raise AssertionError("nobody is named on a live link")

    def match(self, voice: Voice, among: Sequence[Voice] | None = None) -> Voice | None:
        raise AssertionError("nobody is recognized on a live link")

    def name_of(self, voice_id: int) -> str | None:
        raise AssertionError("no name is asked for on a live link")


class BadText(FakeTextCoder):
    """A synthesizer that fails on the text "bad"."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def decode(self, code: bytes, count: int) -> list[str]:
        texts = super().decode(code, count)
        if "bad" in texts:
            raise self.error
        return texts


@asynccontextmanager
async def listening(
    synthesizer: Synthesizer, limits: Limits, book: Book | None = None, coder: FakeTextCoder = CODER
) -> AsyncGenerator[Ben, None]:
    ben = Ben()
    engines = LiveEngines(
        FakeRecognizer(), FakeVoiceEncoder(), synthesizer, voice_book=book or Book(), text_coders={coder.id: coder}
    )
    connect = wait_for_calls("127.0.0.1", 0, False, limits=limits)
    session = run_session(engines, connect, SessionOptions(), ben.reports.append, ben.front_end, ben.ear, limits)
    task = asyncio.ensure_future(session)
    await until(lambda: any(isinstance(report, LinkState) for report in ben.reports) and ben.session is not None)
    try:
        yield ben
    finally:
        assert ben.session is not None
        ben.session.done.set()
        await task


def hearing(
    test: Callable[[Ben, RawPeer], Coroutine[Any, Any, None]],
    synthesizer: Synthesizer | None = None,
    limits: Limits = LIMITS,
    book: Book | None = None,
    coder: FakeTextCoder = CODER,
) -> None:
    """Run a test with a listener and a raw peer that has called."""

    async def called() -> None:
        ours = synthesizer or FakeSynthesizer()
        async with listening(ours, limits, book, coder) as ben, raw_peer(ben.port) as peer:
            await test(ben, peer)

    run(called)


class Failing(FakeSynthesizer):
    """A synthesizer that raises an error at the word "bad", in the middle of an utterance."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        if "bad" in text:
            raise self.error
        return super().synthesize(text, voice, duration_s, language)


@pytest.mark.parametrize(
    "error",
    [ValueError("NaN\x1b[2J"), MemoryError(), RecursionError(), KeyError("x"), StopIteration(), SystemExit(3),
     KeyboardInterrupt(), OSError(28, "full"), AssertionError(), UnicodeDecodeError("utf-8", b"x", 0, 1, "bad")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_whatever_a_synthesizer_raises_costs_one_utterance_which_both_ends_are_told(error: BaseException) -> None:
    async def test(ben: Ben, peer: RawPeer) -> None:
        peer.say(payload("It begins. This is bad. And so on."), payload("This is good."))
        await until(lambda: ben.ear.finished[-1:] == ["This is good."])
        (lost,) = ben.texts(Lost)
        assert lost.startswith("something that the peer said cannot be spoken: ")
        assert type(error).__name__ in lost
        assert "\x1b" not in lost
        code = b""
        while len(told := statuses(code)) < 2:
            code += await peer.reader.read(4096)
        assert told == [Status.UNSPOKEN, Status.NOTHING]

    hearing(test, Failing(error))


def statuses(code: bytes) -> list[Status]:
    """Return the statuses among frames."""
    messages = [decode_message(frame) for frame in FrameReader().push(code)]
    return [message.status for message in messages if isinstance(message, StatusMessage)]


class Returning(FakeSynthesizer):
    """A synthesizer that returns something other than sound."""

    def __init__(self, sound: Any) -> None:
        super().__init__()
        self.sound = sound

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        return self.sound if "bad" in text else super().synthesize(text, voice, duration_s, language)


@pytest.mark.parametrize(
    "sound",
    [np.full(10, np.nan, np.float32), np.array([np.inf]), np.zeros((2, 8)), None, "sound", object(), np.float32(1)],
    ids=["NaN", "infinite", "stereo", "None", "text", "object", "a number"],
)
def test_what_is_no_sound_costs_one_utterance(sound: Any) -> None:
    async def test(ben: Ben, peer: RawPeer) -> None:
        peer.say(payload("This is bad."), payload("This is good."))
        await until(lambda: ben.ear.finished[-1:] == ["This is good."])
        (lost,) = ben.texts(Lost)
        assert "returned no sound" in lost
        assert ben.ear.samples == RATE

    hearing(test, Returning(sound))


@pytest.mark.parametrize("where", ["text coder", "store"])
@pytest.mark.parametrize("error", [OSError("the store is gone"), ZeroDivisionError()], ids=["OSError", "Zero"])
def test_whatever_a_text_coder_or_a_store_raises_costs_one_utterance(error: Exception, where: str) -> None:
    voice = VoiceReference(7) if where == "store" else OUR_SPACE

    async def test(ben: Ben, peer: RawPeer) -> None:
        peer.say(payload("bad", voice=voice), payload("This is good."))
        await until(lambda: ben.ear.finished == ["This is good."])
        (lost,) = ben.texts(Lost)
        assert lost.startswith("something that the peer said cannot be read: ")
        assert type(error).__name__ in lost

    hearing(test, book=Book(error=error), coder=BadText(error) if where == "text coder" else CODER)


def test_a_voice_that_only_is_named_comes_from_the_voice_book() -> None:
    known = Voice("classical", bytes(range(10)))
    synthesizer = FakeSynthesizer()

    async def test(ben: Ben, peer: RawPeer) -> None:
        peer.say(payload("Hello.", voice=VoiceReference(known.id)))
        await until(lambda: ben.ear.finished == ["Hello."])
        assert ben.texts(Notice) == []

    hearing(test, synthesizer, book=Book(known))
    assert [voice for _, voice, _, _ in synthesizer.asked] == [known]


def told_of(ben: Ben, count: int) -> bool:
    return len(ben.texts(Notice)) >= count


def test_a_neutral_voice_is_told_of_once_for_each_voice_and_peer() -> None:
    other_space, named = Voice("clip", bytes(300)), VoiceReference(0x07AB)
    synthesizer = FakeSynthesizer()

    async def test() -> None:
        async with listening(synthesizer, LIMITS) as ben:
            for visit in (1, 2):
                async with raw_peer(ben.port) as peer:
                    for voice in (OUR_SPACE, other_space, named, other_space, named):
                        peer.say(payload("Hello.", voice=voice))
                    await until(partial(finished, ben, 5 * visit))
                    await until(partial(told_of, ben, 2 * visit))  # equal notices are merged: the last may be late
                told = ben.texts(Notice)
                assert len(told) == 2 * visit
                assert "fake has no voices of the space 'clip'; a neutral voice speaks instead" in told[-2]
                assert "voice 07ab, which is not in your store of voices: a neutral voice speaks instead" in told[-1]
                await until(lambda: "the connection was lost" in states(ben)[-1])

    run(test)
    assert [voice for _, voice, _, _ in synthesizer.asked] == [OUR_SPACE, None, None, None, None] * 2


def finished(ben: Ben, count: int) -> bool:
    """Return whether this many utterances have been played to their ends."""
    return len(ben.ear.finished) == count


class Endless(FakeSynthesizer):
    """A synthesizer that never stops: a second at a time, or without any sound."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds
        self.made = 0

    def stream(self, text: str, voice: Voice | None, language: str) -> Iterator[Samples]:
        while True:
            self.made += 1
            yield np.full(self.seconds * RATE, 0.25, np.float32)


@pytest.mark.parametrize("texts", [("1" * 900,), ("1. " * 300,), ("1." * 50,) * 8], ids=["one", "sentences", "eight"])
@pytest.mark.parametrize("seconds", [1, 7, 720])
def test_what_comes_at_once_speaks_for_a_minute_at_most(seconds: int, texts: tuple[str, ...]) -> None:
    engine = Endless(seconds)

    async def test(ben: Ben, peer: RawPeer) -> None:
        peer.say(payload(*texts), payload("And then."))
        await until(lambda: ben.ear.finished[-1:] == ["And then."])
        assert ben.ear.samples == 2 * 60 * RATE  # this engine says everything for ever
        assert ben.texts(Lost)[0] == "what the peer said was cut off after 60 s"
        assert engine.made <= 2 * (60 // seconds + 1) + 2 * len(texts)

    hearing(test, engine)


@pytest.mark.parametrize("per_byte_s", [0.0, 0.1])
def test_a_peer_gets_as_much_speech_as_its_bytes_may_ask_for(
    per_byte_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback, "WORK_PER_BYTE_S", per_byte_s)
    code = payload("1" * 180)  # estimated as 60 s, and an utterance more
    most = int(300 // (61 - per_byte_s * len(code)))
    assert most == (4 if per_byte_s == 0 else 7)

    async def test() -> None:
        async with listening(FakeSynthesizer(), LIMITS) as ben:
            for peers in (1, 2):  # each has its own
                async with raw_peer(ben.port) as peer:
                    for said in range(1, most + 2):
                        peer.say(code)
                        await until(partial(told, ben, (peers - 1) * (most + 1) + said))
                assert len(ben.texts(Heard)) == peers * most
                assert f"cannot be spoken: the peer asks for too much speech: {most + 1} utter" in refused(ben)[-1]

    run(test)


def refused(ben: Ben) -> list[str]:
    """Return what was told of utterances that are too much."""
    return [text for text in ben.texts(Lost) if "too much" in text]


def told(ben: Ben, count: int) -> bool:
    """Return whether so many utterances were heard or refused."""
    return len(ben.texts(Heard)) + len(refused(ben)) == count


def test_an_engine_that_makes_no_sound_for_ever_ends() -> None:
    async def test(ben: Ben, peer: RawPeer) -> None:
        peer.say(payload("Hello."))
        await until(lambda: len(ben.texts(Lost)) == 1)
        assert "does not end: 100 pieces of sound" in ben.texts(Lost)[0]

    hearing(test, Endless(0), replace(LIMITS, pieces=100))


def test_a_flood_in_one_read_is_bounded_and_ends_the_flooder() -> None:
    async def test(ben: Ben, peer: RawPeer) -> None:
        ben.ear.free.clear()
        peer.say(payload("Text."))
        await until(lambda: len(ben.texts(Heard)) == 1)
        peer.say(*[payload("Text.")] * 3892)
        await until(lambda: any("more than 17 items on the way" in state for state in states(ben)))
        await until(lambda: len(ben.waiting) == 1)  # a flooder is sent away before a second one is taken

    hearing(test)


def states(ben: Ben) -> list[str]:
    return [report.detail for report in ben.reports if isinstance(report, LinkState)]


async def say_as_fast_as_it_is_taken(peer: RawPeer, ben: Ben, code: bytes, count: int) -> None:
    """Send until nothing more is acknowledged."""
    for _ in range(count):
        peer.say(code)
        before = len(ben.waiting) + len(ben.texts(Heard))
        for _ in range(100):
            await asyncio.sleep(0.002)
            if len(ben.waiting) + len(ben.texts(Heard)) != before:
                break
        else:
            return


def test_at_most_so_many_wait_to_be_played() -> None:
    limits = replace(LIMITS, waiting_s=1e9)

    async def test(ben: Ben, peer: RawPeer) -> None:
        ben.ear.free.clear()
        await say_as_fast_as_it_is_taken(peer, ben, payload("Text."), 200)
        await until(lambda: any("the peer has to wait: 64 utterances" in text for text in ben.texts(Notice)))
        assert len(ben.waiting) == 64
        waiting = ben.waiting._waiting  # pyright: ignore[reportPrivateUsage]
        voices = {id(each.payload.speakers) for each in waiting}
        assert len(voices) == 1  # one copy of the voice for all

    hearing(test, limits=limits)


def test_at_most_so_many_seconds_wait_to_be_played() -> None:
    async def test(ben: Ben, peer: RawPeer) -> None:
        ben.ear.free.clear()
        code = payload("9" * 100)
        await say_as_fast_as_it_is_taken(peer, ben, code, 200)
        await until(lambda: any("some 68 s" in text for text in ben.texts(Notice)))
        assert len(ben.waiting) == 2  # of 34 s each: with one of them there is room, with two there is none

    hearing(test)


def arrived(ben: Ben, count: int) -> bool:
    """Return whether so many utterances have arrived."""
    return len(ben.waiting) + len(ben.texts(Heard)) == count


def test_the_next_caller_hears_nothing_of_the_last_one_and_does_not_wait() -> None:
    async def test() -> None:
        async with listening(FakeSynthesizer(), LIMITS) as ben:
            ben.ear.free.clear()
            async with raw_peer(ben.port) as first:
                for index in range(5):
                    first.say(payload(f"Old {index}."))
                    await until(partial(arrived, ben, index + 1))
            await until(lambda: "the connection was lost" in states(ben)[-1])
            async with raw_peer(ben.port) as second:
                ben.ear.free.set()
                second.say(payload("New."))
                await until(lambda: "New." in ben.ear.finished)
            assert ben.texts(Heard) == ["Old 0.", "New."]
            assert ben.ear.finished == ["New."]
            assert ben.ear.stopped == 1  # in the middle of "Old 0."
            assert ben.texts(Lost) == ["5 utterances of the peer before were dropped: another one is there"]

    run(test)


def test_what_the_same_peer_said_before_it_comes_back_is_played() -> None:
    queue = PlayQueue()
    whole = Payload((Speaker(Voice("classical", bytes(10))),), (Utterance(0.0, 1.0, 0, "Hello."),), 1.0)
    queue.push(PayloadReceived(2, b"stream 1", b""), whole)
    assert (len(queue), queue.has_room, queue.clear(), len(queue)) == (1, True, 1, 0)


def test_a_flood_of_what_cannot_be_read_is_told_slowly() -> None:
    limits = replace(LIMITS, soundless_s=0.05, status_every_s=0.5)

    async def test(ben: Ben, peer: RawPeer) -> None:
        good = payload("Good.")
        split = SplitPayload.of(good)
        for _ in range(10):
            peer.say(replace(split, rest=split.rest[:-1] + bytes([split.rest[-1] ^ 1])))
            await asyncio.sleep(0.06)
        peer.say(good)
        await until(lambda: ben.ear.finished == ["Good."])
        assert 1 <= len(ben.texts(Lost)) <= 4  # the same words are one report

    hearing(test, limits=limits)


def test_a_flood_of_statuses_is_a_few_reports() -> None:
    async def test(ben: Ben, peer: RawPeer) -> None:
        peer.send(*[StatusMessage(Status(index % 3)) for index in range(8400)], StatusMessage(Status.NO_MICROPHONE))
        await until(lambda: PeerStatus(Status.NO_MICROPHONE) in ben.reports)
        assert sum(isinstance(report, PeerStatus) for report in ben.reports) <= 20
        peer.say(payload("I am still here."))
        await until(lambda: ben.ear.finished == ["I am still here."])

    hearing(test)


class Stuck(FakeSynthesizer):
    """A synthesizer that never returns."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.leave = threading.Event(), threading.Event()

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        self.entered.set()
        self.leave.wait()
        return super().synthesize(text, voice, duration_s, language)


def test_the_conversation_ends_while_an_engine_never_comes_back() -> None:
    engine = Stuck()

    async def test() -> None:
        async with listening(engine, LIMITS) as ben, raw_peer(ben.port) as peer:
            peer.say(payload("Hello."))
            await until(engine.entered.is_set)
        assert not engine.leave.is_set()
        engine.leave.set()  # so that its thread is none that the test leaves behind
        await until(lambda: not any(thread.name == "speechzip-synthesis" for thread in threading.enumerate()))

    run(test)


def test_estimates_are_not_too_short() -> None:
    assert estimate_duration_s("") == 0
    assert estimate_duration_s("9" * 1900) > 600  # 720 s of speech by espeak-ng
    assert estimate_duration_s("It was the best of times, it was the worst of times.") == pytest.approx(6.9, abs=0.5)


def test_a_cut_is_to_the_sample() -> None:
    utterance = Utterance(0.0, 1.0, 0, "One. Two.")
    pieces = list(speak(utterance, OUR_SPACE, FakeSynthesizer(), most_s=1.5))
    assert [len(piece) for piece in pieces] == [16000, 2400, 5600]
