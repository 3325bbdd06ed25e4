"""Two whole sessions on loopback with fake engines: sound in at one end, sound out at the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fakes import FakeRecognizer, FakeSynthesizer, FakeVoiceEncoder, bursts, loud
from faulty_proxy import faulty_proxy
from live_ends import run, until
from speechzip.pipeline import DeviceError, LinkError, OutputError, Samples, Synthesizer, Transcript, load_engine
from speechzip.pipeline.live.devices.files import FolderLoudspeaker, play_in_real_time
from speechzip.pipeline.live.limits import LIMITS, Limits
from speechzip.pipeline.live.reports import (
    JSON_NAMES,
    Delivered,
    Heard,
    Level,
    Lost,
    Notice,
    Pairing,
    PartialTranscript,
    PeerStatus,
    Played,
    Playing,
    Report,
    Said,
    Traffic,
    to_json,
)
from speechzip.pipeline.live.session.capture import level_db
from speechzip.pipeline.live.session.connecting import dial, wait_for_calls
from speechzip.pipeline.live.session.conversation import Conversation
from speechzip.pipeline.live.session.engines import LiveEngines
from speechzip.pipeline.live.session.session import Session, SessionOptions, run_session
from speechzip.pipeline.live.session.transcriber import HANDS_FREE, PUSH_TO_TALK
from speechzip.pipeline.live.wire.messages import Status
from speechzip.pipeline.live.wire.pairing import parse_address
from speechzip.pipeline.live.wire.state import LinkState
from speechzip.pipeline.unread.marks import UnreadMode, UnreadSettings

BLOCK = 800


class FakeLoudspeaker:
    """A loudspeaker that records its sound; it can be missing or slow."""

    def __init__(self) -> None:
        self.pieces: list[Samples] = []
        self.finished: list[Heard] = []
        self.gone = False
        self.free = asyncio.Event()
        self.free.set()
        self.closed = False
        self.stopped = 0

    async def play(self, heard: Heard, samples: Samples, sample_rate: int) -> None:
        await self.free.wait()
        if self.gone:
            raise DeviceError("the loudspeaker is not there")
        assert sample_rate == 16000
        self.pieces.append(samples)

    async def finish(self, heard: Heard) -> None:
        self.finished.append(heard)

    async def stop(self) -> None:
        self.stopped += 1

    async def close(self) -> None:
        self.closed = True


class Somebody:
    """A session and its reports."""

    def __init__(
        self,
        script: list[str],
        options: SessionOptions | None = None,
        synthesizer: Synthesizer | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        self.limits = limits
        self.recognizer = FakeRecognizer(script)
        self.engines = LiveEngines(self.recognizer, FakeVoiceEncoder(), synthesizer or FakeSynthesizer(), lambda: loud)
        self.options = options or SessionOptions()
        self.reports: list[Report] = []
        self.loudspeaker = FakeLoudspeaker()
        self.by_options = False  # whether the options say where sound goes
        self.session: Session | None = None

    def of(self, kind: type[Report]) -> list[Report]:
        return [report for report in self.reports if isinstance(report, kind)]

    @property
    def texts_heard(self) -> list[str]:
        return [report.text for report in self.reports if isinstance(report, Heard)]

    @property
    def notices(self) -> list[Notice]:
        return [report for report in self.reports if isinstance(report, Notice)]

    @property
    def lost(self) -> list[Lost]:
        return [report for report in self.reports if isinstance(report, Lost)]

    @property
    def phase(self) -> str:
        states = [report.phase for report in self.reports if isinstance(report, LinkState)]
        return states[-1] if states else ""

    @property
    def address(self) -> str:
        (pairing,) = (report for report in self.reports if isinstance(report, Pairing))
        return pairing.line

    async def front_end(self, session: Session) -> None:
        self.session = session
        await asyncio.Event().wait()

    def conversation(self) -> Conversation:
        assert self.session is not None
        return self.session.conversation

    async def listen(self, secure: bool = False) -> None:
        await run_session(
            self.engines, wait_for_calls("127.0.0.1", 0, secure), self.options, self.reports.append,
            self.front_end, None if self.by_options else self.loudspeaker, self.limits,
        )  # fmt: skip

    async def talk(self, address: str) -> None:
        await run_session(
            self.engines, dial(parse_address(address)), self.options, self.reports.append,
            self.front_end, None if self.by_options else self.loudspeaker, self.limits,
        )  # fmt: skip

    async def say(self, *spans: tuple[float, float], duration_s: float) -> None:
        """Press, feed sounds as fast as they are accepted, release."""
        conversation = self.conversation()
        conversation.press()
        sound = bursts(*spans, duration_s=duration_s).samples
        for start in range(0, len(sound), BLOCK):
            conversation.hear(sound[start : start + BLOCK])
            await asyncio.sleep(0)
        conversation.release()


def conversing(
    test: Callable[[Somebody, Somebody], asyncio.Future[None]] | Callable[..., object],
    anna: Callable[[], Somebody],
    ben: Callable[[], Somebody],
    secure: bool = False,
) -> None:
    """Run a test with two sessions that are connected; both leave at its end."""

    async def connected() -> None:
        caller, listener = anna(), ben()
        listening = asyncio.ensure_future(listener.listen(secure))
        await until(lambda: listener.phase == "waiting")
        talking = asyncio.ensure_future(caller.talk(listener.address))
        await until(lambda: caller.phase == listener.phase == "connected")
        try:
            await test(caller, listener)  # type: ignore[misc]
        finally:
            for somebody, task in ((caller, talking), (listener, listening)):
                assert somebody.session is not None
                somebody.session.done.set()
                await task
                assert somebody.loudspeaker.closed

    run(connected)


@pytest.mark.parametrize("secure", [False, True])
def test_what_is_said_at_one_end_is_heard_at_the_other(secure: bool) -> None:
    async def test(anna: Somebody, ben: Somebody) -> None:
        await anna.say((0.2, 1.7), duration_s=2.0)
        await until(lambda: len(ben.loudspeaker.finished) == 1 and len(anna.of(Played)) == 1)
        await ben.say((0.2, 1.2), duration_s=1.5)
        await until(lambda: len(anna.loudspeaker.finished) == 1 and len(ben.of(Played)) == 1)
        assert ben.texts_heard == ["Hello Ben. How are you?"]
        assert anna.texts_heard == ["Fine."]
        assert [len(piece) for piece in ben.loudspeaker.pieces] == [16000, 2400, 16000]  # a sentence at a time
        (said,) = anna.of(Said)
        (heard,) = ben.of(Heard)
        assert isinstance(said, Said)
        assert isinstance(heard, Heard)
        assert said.payload_bytes == heard.payload_bytes
        assert said.duration_s == pytest.approx(1.5, abs=0.1)
        assert not said.queued
        assert anna.of(Delivered) == [Delivered(said.number)]
        assert ben.of(Playing) == [Playing(1)]
        (played,) = anna.of(Played)
        assert isinstance(played, Played)
        assert 0 < played.latency_s < 5
        traffic = anna.of(Traffic)[-1]
        assert isinstance(traffic, Traffic)
        assert traffic.sent_bytes > said.payload_bytes
        assert traffic.spoken_s == said.duration_s
        assert PeerStatus(Status.TALKING) in ben.of(PeerStatus)
        await until(lambda: ben.of(PeerStatus)[-1] == PeerStatus(Status.NOTHING))  # statuses are merged: it may be late
        for report in anna.reports:
            name = type(report).__name__
            assert json.loads(json.dumps(to_json(report)))["report"] == JSON_NAMES.get(name, name)

    conversing(test, lambda: Somebody(["Hello Ben. How are you?"]), lambda: Somebody(["Fine."]), secure)


class Cloning(FakeSynthesizer):
    """A voice encoder whose voices are clips."""

    spaces = frozenset({"clip"})


@pytest.mark.parametrize("clones", [True, False])
def test_a_clip_travels_once_for_who_can_clone_it(clones: bool) -> None:
    ben_speaks = Cloning() if clones else FakeSynthesizer()
    encoder = load_engine("voice_encoder", "clip")

    def anna() -> Somebody:
        somebody = Somebody(["Hello Ben.", "And again."])
        somebody.engines = replace(somebody.engines, voice_encoder=encoder)
        return somebody

    async def test(anna: Somebody, ben: Somebody) -> None:
        await anna.say((0.2, 1.7), (3.0, 4.0), duration_s=4.5)
        await until(lambda: len(ben.loudspeaker.finished) == 2)
        first, second = (report for report in anna.of(Said) if isinstance(report, Said))
        sent = [report.sent_bytes for report in anna.of(Traffic) if isinstance(report, Traffic)]
        assert first.payload_bytes > 300  # a file would carry the clip each time,
        assert second.payload_bytes > 300
        assert sent[-1] < first.payload_bytes + second.payload_bytes  # the link does not
        neutral = [report.text for report in anna.of(Notice) if isinstance(report, Notice)]
        assert ("the peer cannot speak in our voice (clip) and takes a neutral one" in neutral) == (not clones)

    conversing(test, anna, lambda: Somebody([], synthesizer=ben_speaks))
    voices = {voice.space if voice else None for _, voice, _, _ in ben_speaks.asked}
    assert voices == {"clip" if clones else None}


def test_warming_up_uses_every_engine_in_two_voices() -> None:
    synthesizer, recognizer = FakeSynthesizer(), FakeRecognizer()
    LiveEngines(recognizer, FakeVoiceEncoder(), synthesizer).warm_up()
    assert len(recognizer.heard) == 1
    assert [text for text, *_ in synthesizer.asked] == ["Hello, is anybody there?"] * 3
    _, *voices = [voice for _, voice, _, _ in synthesizer.asked]
    assert all(voice is not None and voice.space == "classical" for voice in voices)


@pytest.mark.models
@pytest.mark.parametrize("voice_encoder", ["classical", "clip"])
def test_the_real_engines_warm_up_without_a_warning(voice_encoder: str) -> None:
    engines = LiveEngines.load(voice_encoder=voice_encoder)
    assert engines.voice_encoder.space == voice_encoder


@pytest.mark.slow
def test_words_appear_while_they_are_said() -> None:
    async def test(anna: Somebody, ben: Somebody) -> None:
        conversation = anna.conversation()
        conversation.press()
        for _ in range(20):
            conversation.hear(bursts((0.0, 0.2), duration_s=0.2).samples)
            await asyncio.sleep(0.02)
        await until(lambda: len(anna.of(PartialTranscript)) >= 1)
        assert ben.texts_heard == []
        conversation.release()
        await until(lambda: len(ben.texts_heard) == 1)
        await until(lambda: PartialTranscript("") in anna.of(PartialTranscript))
        assert any(isinstance(report, Level) and report.talking for report in anna.reports)

    conversing(test, lambda: Somebody(["Well then."]), lambda: Somebody([]))


def test_without_the_button_nothing_is_heard() -> None:
    async def test(anna: Somebody, ben: Somebody) -> None:
        anna.conversation().hear(bursts((0.0, 2.0), duration_s=3.0).samples)
        anna.conversation().release()
        await asyncio.sleep(0.1)
        assert anna.recognizer.heard == []
        assert ben.texts_heard == []

    conversing(test, lambda: Somebody([]), lambda: Somebody([]))


def test_hands_free_a_pause_sends() -> None:
    async def test(anna: Somebody, ben: Somebody) -> None:
        anna.conversation().hear(bursts((0.2, 1.2), (2.2, 3.2), duration_s=4.0).samples)
        await until(lambda: len(ben.texts_heard) == 2)

    conversing(test, lambda: Somebody([], SessionOptions(hands_free=True)), lambda: Somebody([]))


@pytest.mark.parametrize("drop", [False, True])
def test_speech_that_cannot_be_read_is_sent_as_a_mark_or_dropped_and_told(drop: bool) -> None:
    async def test(anna: Somebody, ben: Somebody) -> None:
        anna.recognizer.confidence = 0.2
        await anna.say((0.2, 1.7), duration_s=2.0)
        await until(lambda: bool(anna.notices))
        assert ("is not sent: say it again" if drop else "the peer hears a tone") in anna.notices[-1].text
        anna.recognizer.confidence = 0.95
        await anna.say((0.2, 1.7), duration_s=2.0)
        await until(lambda: len(ben.texts_heard) == (1 if drop else 2))
        assert [text.startswith("[unclear") for text in ben.texts_heard] == ([False] if drop else [True, False])

    settings = UnreadSettings("drop" if drop else "mark")
    conversing(test, lambda: Somebody([], SessionOptions(unread=settings)), lambda: Somebody([]))


@pytest.mark.parametrize("mode", ["mark", "drop", "sound"])
def test_what_is_perhaps_speech_is_told_and_the_peer_hears_nothing(mode: UnreadMode) -> None:
    async def test(anna: Somebody, ben: Somebody) -> None:
        anna.recognizer.confidence = 0.2
        await anna.say((0.2, 0.6), duration_s=1.0)
        await until(lambda: bool(anna.notices))
        assert anna.notices[-1].text == "0.4 s may be speech that could not be read: nothing of it is sent"
        anna.recognizer.confidence = 0.95
        await anna.say((0.2, 1.7), duration_s=2.0)
        await until(lambda: bool(ben.texts_heard))
        assert ben.texts_heard == ["Line 2."]
        assert len(anna.of(Said)) == 1

    settings = UnreadSettings(mode)
    conversing(test, lambda: Somebody([], SessionOptions(unread=settings)), lambda: Somebody([]))


def test_the_sound_of_what_cannot_be_read_is_played_at_the_other_end() -> None:
    async def test(anna: Somebody, ben: Somebody) -> None:
        anna.recognizer.confidence = 0.2
        await anna.say((0.2, 1.7), duration_s=2.0)
        await until(lambda: len(ben.loudspeaker.finished) == 1)
        assert "the peer hears its sound (" in anna.notices[-1].text
        assert [text[:9] for text in ben.texts_heard] == ["[unclear "]
        sound = np.concatenate(ben.loudspeaker.pieces)
        assert 1.7 < len(sound) / FakeSynthesizer.sample_rate < 2.1
        assert np.abs(sound).max() > 0.1  # a tone has 0.06
        assert not ben.notices
        anna.recognizer.confidence = 0.95
        await anna.say((0.2, 1.2), duration_s=1.5)
        await until(lambda: len(ben.loudspeaker.finished) == 2)

    settings = UnreadSettings("sound", sound_bytes=2000)
    conversing(test, lambda: Somebody([], SessionOptions(unread=settings)), lambda: Somebody([]))


def test_a_loudspeaker_that_is_gone_is_told_to_both_and_the_words_still_come() -> None:
    async def test(anna: Somebody, ben: Somebody) -> None:
        ben.loudspeaker.gone = True
        await anna.say((0.2, 1.2), duration_s=1.5)
        await until(lambda: PeerStatus(Status.NO_LOUDSPEAKER) in anna.of(PeerStatus))
        assert ben.texts_heard == ["One."]
        assert Notice("the loudspeaker is not there") in ben.of(Notice)
        ben.loudspeaker.gone = False
        await anna.say((0.2, 1.2), duration_s=1.5)
        await until(lambda: anna.of(PeerStatus)[-1] == PeerStatus(Status.NOTHING))
        assert len(ben.loudspeaker.finished) == 1

    conversing(test, lambda: Somebody(["One."]), lambda: Somebody([]))


def test_a_slow_loudspeaker_makes_the_peer_wait_and_nothing_is_lost() -> None:
    async def test(anna: Somebody, ben: Somebody) -> None:
        ben.loudspeaker.free.clear()
        turns = 24
        for _ in range(turns):
            await anna.say((0.2, 0.9), duration_s=1.1)
        await until(lambda: len(anna.of(Said)) == turns)
        await asyncio.sleep(0.2)
        assert anna.session is not None
        assert len(ben.texts_heard) == 1
        assert any("the peer has to wait: 4 utterances" in report.text for report in ben.notices)
        assert len(anna.of(Delivered)) < turns  # the rest waits at its source
        ben.loudspeaker.free.set()
        await until(lambda: len(ben.loudspeaker.finished) == turns)
        await until(lambda: len(anna.of(Delivered)) == turns)
        assert ben.texts_heard == [f"Line {index}." for index in range(1, turns + 1)]

    script = [f"Line {index}." for index in range(1, 200)]
    conversing(test, lambda: Somebody(script), lambda: Somebody([], limits=replace(LIMITS, waiting=4)))


def test_what_is_said_without_a_link_waits_and_is_told() -> None:
    async def test() -> None:
        ben = Somebody(["Are you there?"])
        listening = asyncio.ensure_future(ben.listen())
        await until(lambda: ben.phase == "waiting")
        await ben.say((0.2, 1.2), duration_s=1.5)
        await until(lambda: len(ben.of(Said)) == 1)
        (said,) = ben.of(Said)
        assert isinstance(said, Said)
        assert said.queued
        anna = Somebody([])
        talking = asyncio.ensure_future(anna.talk(ben.address))
        await until(lambda: anna.texts_heard == ["Are you there?"])
        for somebody, task in ((anna, talking), (ben, listening)):
            assert somebody.session is not None
            somebody.session.done.set()
            await task

    run(test)


def test_a_peer_that_is_denied_ends_the_session_with_the_reason() -> None:
    async def test() -> None:
        ben = Somebody([])
        listening = asyncio.ensure_future(ben.listen(secure=True))
        await until(lambda: ben.phase == "waiting")
        wrong = ben.address[:-6] + ("AAAAAA" if not ben.address.endswith("AAAAAA") else "BBBBBB")
        with pytest.raises(LinkError, match="does not know our secret"):
            await Somebody([]).talk(wrong)
        assert ben.session is not None
        ben.session.done.set()
        await listening

    run(test)


@pytest.mark.slow
def test_a_recording_is_said_and_then_the_session_ends(tmp_path: Path) -> None:
    recording = tmp_path / "recording.wav"
    soundfile.write(str(recording), bursts((0.2, 0.8), duration_s=1.0).samples, 16000)

    async def test() -> None:
        ben = Somebody([], SessionOptions(once=True))
        listening = asyncio.ensure_future(ben.listen())
        await until(lambda: ben.phase == "waiting")
        anna = Somebody(["From a file."], SessionOptions(input=recording))
        await anna.talk(ben.address)
        await listening  # leaves when its peer has left
        assert ben.texts_heard == ["From a file."]
        assert len(anna.of(Played)) == 1
        assert anna.phase == "closed"

    run(test)


@pytest.mark.slow
def test_a_recording_that_no_peer_takes_any_more_is_an_error(tmp_path: Path) -> None:
    """The listener is gone for good: the caller tries again for a while, and then says what was not delivered."""
    recording = tmp_path / "recording.wav"
    soundfile.write(str(recording), bursts((0.2, 0.8), duration_s=1.0).samples, 16000)
    limits = replace(LIMITS, untaken_s=0.5, first_back_off_s=0.05)

    async def test() -> None:
        ben = Somebody([], SessionOptions(once=True))
        listening = asyncio.ensure_future(ben.listen())
        await until(lambda: ben.phase == "waiting")
        anna = Somebody(["From a file."], SessionOptions(input=recording), limits=limits)
        talking = asyncio.ensure_future(anna.talk(ben.address))
        await until(lambda: anna.phase == "connected")
        assert ben.session is not None
        ben.session.done.set()
        await listening
        with pytest.raises(LinkError, match=r"nothing for 0\.5 s; 1 utterances have not reached it \(reconnecting: "):
            await talking
        assert [said.text for said in anna.of(Said) if isinstance(said, Said)] == ["From a file."]

    run(test)


@pytest.mark.slow
def test_a_listener_of_one_peer_waits_for_it_to_come_back_but_not_for_ever() -> None:
    async def test() -> None:
        limits = replace(LIMITS, return_s=5.0, first_back_off_s=0.2, status_every_s=0.0)  # every state is reported
        ben = Somebody([], SessionOptions(once=True), limits=limits)
        listening = asyncio.ensure_future(ben.listen())
        await until(lambda: ben.phase == "waiting")
        async with faulty_proxy(int(ben.address.rpartition(":")[2])) as proxy:
            anna = Somebody(["I am back."], limits=limits)
            talking = asyncio.ensure_future(anna.talk(f"127.0.0.1:{proxy.port}"))
            await until(lambda: anna.phase == ben.phase == "connected")
            proxy.cut()
            await until(lambda: anna.phase == "reconnecting")
            await until(lambda: anna.phase == ben.phase == "connected")
            assert not listening.done()
            talking.cancel()
            proxy.cut()  # before a goodbye
            await asyncio.gather(talking, return_exceptions=True)
        await listening
        lost, waits = [
            state for state in ben.of(LinkState) if isinstance(state, LinkState) and state.phase == "waiting"
        ][-2:]
        assert not lost.has_left
        assert not waits.has_left

    run(test)


def test_a_recording_comes_in_real_time(tmp_path: Path) -> None:
    recording = tmp_path / "recording.wav"
    stereo = np.stack([np.full(22050, 0.2), np.full(22050, 0.4)], axis=1)
    soundfile.write(str(recording), stereo, 44100)

    async def test() -> None:
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        blocks = [samples async for samples, _ in play_in_real_time(recording)]
        assert loop.time() - started_s == pytest.approx(0.5, abs=0.2)
        assert sum(map(len, blocks)) == pytest.approx(8000, abs=2)
        assert float(np.concatenate(blocks)[1000:7000].mean()) == pytest.approx(0.3, abs=0.01)

    run(test)


def test_a_folder_takes_the_place_of_the_loudspeaker(tmp_path: Path) -> None:
    async def test() -> None:
        folder = tmp_path / "new" / "out"
        out = FolderLoudspeaker(folder)
        heard = Heard(1, "Grüße.", 30, 7, 1.0)
        await out.play(heard, np.full(100, 0.5, np.float32), 16000)
        await out.play(heard, np.full(50, 0.25, np.float32), 16000)
        await out.finish(heard)
        await out.finish(Heard(2, "...", 20, 7, 1.0))  # nothing in it can be spoken
        await out.close()
        samples, rate = soundfile.read(str(folder / "0001.wav"), dtype="float32")
        assert (len(samples), rate) == (150, 16000)
        lines = (folder / "transcript.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["text"] for line in lines] == ["Grüße.", "..."]
        with pytest.raises(OutputError, match="holds a conversation already"):
            FolderLoudspeaker(folder)
        FolderLoudspeaker(folder, force=True)
        with pytest.raises(OutputError, match="cannot be made a folder"):
            FolderLoudspeaker(folder / "transcript.jsonl")
        (folder / "transcript.jsonl").rename(folder / "0001.wav")
        with pytest.raises(OutputError, match="holds a conversation already"):
            FolderLoudspeaker(folder)  # its recordings are still there

    run(test)


def test_an_earlier_conversation_does_not_mix_with_a_new_one(tmp_path: Path) -> None:
    lines = [
        '{"number": 1}',
        '{"number": 2}',
        '{"number": 12345}',
        "rubbish",
        '{"number": "../../x"}',
        '{"number": -1}',
        "[]",
        "7",
    ]
    (tmp_path / "transcript.jsonl").write_text("\n".join(lines))
    for name in ("0001.wav", "0002.wav", "12345.wav", "2026.wav", "-001.wav"):
        (tmp_path / name).write_bytes(b"sound")
    FolderLoudspeaker(tmp_path, force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["-001.wav", "2026.wav", "transcript.jsonl"]
    assert (tmp_path / "transcript.jsonl").read_bytes() == b""


@pytest.mark.parametrize("name", ["0001.wav", "0007.wav", "transcript.jsonl"])
@pytest.mark.parametrize("through", ["path", "symbolic link", "hard link"])
def test_a_folder_for_what_is_heard_never_overwrites_what_is_said(tmp_path: Path, name: str, through: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    said = folder / name
    soundfile.write(str(said), np.zeros(1600, np.float32), 16000, format="WAV")
    before = said.read_bytes()
    source = tmp_path / "said.wav"
    if through == "path":
        source = said
    elif through == "symbolic link":
        source.symlink_to(said)
    else:
        source.hardlink_to(said)

    async def test() -> None:
        anna = Somebody([], SessionOptions(input=source, output=folder, force=True))
        anna.by_options = True
        with pytest.raises(OutputError, match="is the input itself and would be lost"):
            await anna.listen()

    run(test)
    assert said.read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == [name]


def test_a_recording_that_appears_meanwhile_is_not_overwritten_either(tmp_path: Path) -> None:
    async def test() -> None:
        source = tmp_path / "0001.wav"
        out = FolderLoudspeaker(tmp_path, force=True, inputs=[source])
        source.write_bytes(b"a recording")
        heard = Heard(1, "Hello.", 30, 7, 1.0)
        await out.play(heard, np.full(100, 0.5, np.float32), 16000)
        with pytest.raises(OutputError, match="is the input itself"):
            await out.finish(heard)
        assert source.read_bytes() == b"a recording"

    run(test)


def test_levels() -> None:
    assert level_db(np.zeros(0, np.float32)) == level_db(np.zeros(10, np.float32)) == -96.0
    assert level_db(np.ones(10, np.float32)) == pytest.approx(0.0, abs=0.01)
    assert level_db(np.full(10, 0.1, np.float32)) == pytest.approx(-20.0, abs=0.01)


def test_pauses_that_send_are_shorter_hands_free() -> None:
    assert HANDS_FREE.pause_s < PUSH_TO_TALK.pause_s


class Failing(FakeRecognizer):
    """A recognizer that fails on the first segment."""

    def transcribe(self, samples: Samples) -> Transcript:
        if not self.heard:
            self.heard.append(samples)
            raise ValueError("NaN")
        return super().transcribe(samples)


def test_a_recognizer_that_fails_costs_one_utterance_and_its_speaker_is_told() -> None:
    def anna() -> Somebody:
        somebody = Somebody([])
        somebody.engines = replace(somebody.engines, recognizer=Failing())
        return somebody

    async def test(anna: Somebody, ben: Somebody) -> None:
        await anna.say((0.2, 1.2), (3.0, 4.0), duration_s=4.5)
        await until(lambda: ben.texts_heard == ["Line 2."])
        (lost,) = anna.lost
        assert lost.what == "said"
        assert lost.text == "what you said (1.0 s) is lost, say it again: ValueError: NaN"

    conversing(test, anna, lambda: Somebody([]))
