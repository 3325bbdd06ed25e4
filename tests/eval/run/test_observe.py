from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from eval_doubles import SETTINGS
from fakes import FakeRecognizer, bursts
from speechzip.eval import Codec, Coded, Item, Turn
from speechzip.eval.run.observe import EvalJob, observe
from speechzip.pipeline import Audio, Recognizer

RATE = 16_000
observing = "speechzip.eval.run.observe"


class LateCodec(Codec):
    """A codec that delays everything by a fifth of a second, and fails on music."""

    name = "late"
    family = "late"
    packet_overhead_bytes = 10

    def code(self, audio: Audio) -> Coded:
        if not audio.samples.any():
            raise ZeroDivisionError("silence <divided> by silence")
        samples = audio.samples if audio.samples.ndim == 1 else audio.samples.sum(axis=1)
        late = np.concatenate([np.zeros(audio.sample_rate // 5, np.float32), samples])
        return Coded(Audio(late, audio.sample_rate), 800.0, 3, 0.5, 0.25, {"text": 100}, "words sent")


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> FakeRecognizer:
    judge = FakeRecognizer(["first", "second"])

    def judges(_specs: tuple[str, ...]) -> dict[str, Recognizer]:
        return {"fake": judge}

    def codec(_name: str) -> Codec:
        return LateCodec()

    monkeypatch.setattr(f"{observing}.load_judges", judges)
    monkeypatch.setattr(f"{observing}.load_codec", codec)
    return judge


def conversation(path: Path) -> Item:
    """Two people on two channels: one speaks from 0.5 s to 2 s, the other from 3 s to 4.5 s."""
    left, right = (bursts(span, duration_s=5).samples for span in ((0.5, 2.0), (3.0, 4.5)))
    soundfile.write(str(path), np.stack([left, right], axis=1), RATE)
    return Item("talk", path, (Turn("first", "Anna", 0.5, 1.5), Turn("second", "Ben", 3.0, 1.5)), "talks")


def test_each_turn_is_cut_out_and_timed(tmp_path: Path, judge: FakeRecognizer) -> None:
    observation, decoded = observe(EvalJob(conversation(tmp_path / "talk.wav"), "clean", "late"), SETTINGS)
    assert observation.failure is None
    assert decoded is not None
    assert [turn.hypotheses["fake"] for turn in observation.turns] == ["first", "second"]
    assert [len(samples) / RATE for samples in judge.heard] == [1.7, 1.7]  # 0.1 s around each
    assert [turn.onset_error_s for turn in observation.turns] == pytest.approx([0.2, 0.2], abs=0.011)
    assert observation.duration_s == 5
    assert observation.wire_bits == 800 + 8 * 10 * 3
    assert (observation.text, observation.sections) == ("words sent", {"text": 100})


def test_noise_goes_into_the_codec_and_not_into_the_reference(tmp_path: Path, judge: FakeRecognizer) -> None:
    item = conversation(tmp_path / "talk.wav")
    observe(EvalJob(item, "clean", "late"), SETTINGS)
    observe(EvalJob(item, "noise-0dB", "late"), SETTINGS)
    clean, noisy = judge.heard[0], judge.heard[2]
    assert np.abs(clean[:1600]).max() < 1e-4
    assert np.abs(noisy[:1600]).max() > 1e-3


@pytest.mark.usefixtures("judge")
def test_a_codec_that_crashes_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(str(path), np.zeros(RATE, np.float32), RATE)
    observation, decoded = observe(EvalJob(Item("s", path, (Turn("words"),)), "clean", "late"), SETTINGS)
    assert decoded is None
    assert observation.failure == "ZeroDivisionError: silence <divided> by silence"
    assert (observation.item, observation.system, observation.condition) == ("s", "late", "clean")


def test_nobody_judges_what_nobody_wrote_down(tmp_path: Path, judge: FakeRecognizer) -> None:
    item = conversation(tmp_path / "talk.wav")
    observation, _ = observe(EvalJob(Item("call", item.path, (Turn(None),)), "clean", "late"), SETTINGS)
    assert observation.payload_bits == 800
    assert judge.heard == []
    assert observation.turns[0].hypotheses == {}
