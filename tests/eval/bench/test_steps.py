from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEmbedder, FakeRecognizer, FakeTextCoder, FakeVoiceEncoder
from speechzip.eval.bench import hour, steps, waiting
from speechzip.eval.bench.waiting import CONDITIONS, busy_core
from speechzip.eval.run.observe import read_audio
from speechzip.pipeline import EngineError

ENGINES = {
    "recognition": FakeRecognizer(confidence=0.95),
    "voice": FakeVoiceEncoder(),
    "diarization": FakeEmbedder(),
    "text coding": FakeTextCoder(),
}


def test_an_engine_writes_down_its_time() -> None:
    seconds: steps.Seconds = {}
    timed = steps.Timed(FakeTextCoder(), seconds, "text coding")
    assert timed.name == "fake"
    assert seconds == {}
    code = timed.encode(["Hello!"])
    first = seconds["text coding"]
    assert timed.decode(code, 1) == ["Hello!"]
    assert seconds["text coding"] > first > 0


def test_a_replayed_engine_returns_the_same_and_works_no_more() -> None:
    seconds: steps.Seconds = {}
    timed = steps.Timed(FakeTextCoder(), seconds, "text coding")
    codes = [timed.encode(["Hello!"]), timed.encode(["Who is it?"])]
    worked_s = seconds["text coding"]
    replayed = steps.Replayed(timed)
    assert [replayed.encode([]), replayed.encode([])] == codes
    assert replayed.name == "fake"
    assert seconds["text coding"] == worked_s


class SlowAtFirst:
    def __init__(self) -> None:
        self.second_ended = threading.Event()

    def say(self, word: str) -> str:
        if word == "first":
            assert self.second_ended.wait(10)
        else:
            self.second_ended.set()
        return word


def test_what_ran_side_by_side_is_replayed_in_the_order_of_its_begin() -> None:
    seconds: steps.Seconds = {}
    timed = steps.Timed(SlowAtFirst(), seconds, "saying")
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(timed.say, "first")
        while not timed.results["say"]:
            time.sleep(0.001)
        threads.submit(timed.say, "second").result()
        first.result()
    replayed = steps.Replayed(timed)
    assert [replayed.say(), replayed.say()] == ["first", "second"]


def test_two_parties_take_turns() -> None:
    sound = steps.two_parties()
    assert sound.shape == (60 * 16_000, 2)
    levels = np.square(sound).reshape(6, 10 * 16_000, 2).mean(axis=1)
    assert (levels[np.arange(6), np.arange(6) % 2] > 1e-4).all()
    assert (levels[np.arange(6), 1 - np.arange(6) % 2] == 0).all()


@pytest.mark.models
def test_every_step_is_timed() -> None:
    sound = steps.two_parties()[: 22 * 16_000]
    split = steps.measure(sound, ENGINES)
    assert set(split) == {
        "detection",
        "recognition",
        "voice",
        "text coding",
        "payload",
        "sound, cutting, the rest",
        "all",
    }
    assert "diarization" in steps.measure(sound.sum(axis=1, keepdims=True), ENGINES)
    assert min(split.values()) > 0


def test_shares_and_ratios() -> None:
    lines = steps.table("two channels", {"voice": 1.0, "recognition": 3.0, "all": 4.0}, duration_s=60.0, opus=0.5)
    assert [line.split()[0] for line in lines[1:]] == ["all", "recognition", "voice"]
    assert lines[2].split()[1:] == ["75%", "0.0500", "6.0"]


def test_waiting_in_multiples_of_opus() -> None:
    lines = waiting.table({"inspect": dict(zip(CONDITIONS, (0.5, 1.0), strict=True))}, opus=0.25)
    assert "0.50 s (2.0 x Opus)" in lines[1]
    assert "1.00 s (4.0 x Opus)" in lines[1]


def test_a_command_that_fails_says_why() -> None:
    assert waiting.wall_s([*waiting.SPEECHZIP, "--version"]) > 0
    with pytest.raises(EngineError, match=r"`inspect nowhere.spz` failed: speechzip: .*nowhere"):
        waiting.wall_s([*waiting.SPEECHZIP, "inspect", "nowhere.spz"])
    with pytest.raises(EngineError, match=r"(?s)`read nowhere.txt out.wav` failed: .*No such file"):
        waiting.wall_s([*waiting.SCRIPTED, "read", "nowhere.txt", "out.wav"])


def test_the_obvious_way_is_timed_if_whisper_is_there(tmp_path: Path) -> None:
    assert set(waiting.commands(tmp_path)) == {"--help", "compress", "compress 10 s", "inspect", "decompress"}
    assert list(waiting.commands(tmp_path, tmp_path))[-2:] == ["Whisper writes", "a voice reads"]


@pytest.mark.models
def test_a_fixed_voice_reads_a_text(tmp_path: Path) -> None:
    pytest.importorskip("hibari")
    text, sound = tmp_path / "said.txt", tmp_path / "read.wav"
    text.write_text("Fail better.", "utf-8")
    assert waiting.wall_s([*waiting.SCRIPTED, "read", str(text), str(sound)]) > 0
    assert read_audio(sound).duration_s > 0.5


@pytest.mark.models
def test_a_long_conversation_costs_time_and_memory() -> None:
    cost = hour.measure(steps.two_parties()[: 22 * 16_000], minutes=1)
    assert cost.processor_s > 0
    assert 50 < cost.peak_mib < 1000
    assert hour.line(hour.Cost(120, 150, 300), 60, opus=1.0) == (
        "60 minutes of two parties: 120 s, 0.0333 of real time (2.0 x Opus), 150 s of processor time, "
        "peak memory 300 MiB"
    )
    with pytest.raises(EngineError, match="minutes failed"):
        hour.measure(np.zeros((16_000, 2), np.float32), minutes=1)


def test_a_busy_core_is_free_again() -> None:
    with pytest.raises(ZeroDivisionError), busy_core() as process:
        assert process.poll() is None
        raise ZeroDivisionError
    assert process.poll() is not None
