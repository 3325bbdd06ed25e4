"""The recipe of the trained voice, from examples to networks that onnxruntime runs: torch comes with the extras."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from speechzip.voices.acoustics.vocoder import BANDS
from speechzip.voices.spaces.trained_voice import TIMBRE, TrainedVoice
from speechzip.voices.trained.networks import frame_positions
from speechzip.voices.trained.phone_tokens import text_tokens
from speechzip.voices.training.examples import Example
from speechzip.voices.training.export import export
from speechzip.voices.training.train import TrainingPlan, train


def made(speaker: int) -> Example:
    random = np.random.default_rng(speaker)
    tokens = text_tokens("Good morning, how do you do?")
    durations = random.integers(3, 12, len(tokens))
    frames = int(durations.sum())
    return Example(
        speaker=speaker,
        tokens=tokens,
        durations=durations,
        envelope=random.normal(size=(frames, BANDS)).astype(np.float32),
        log_pitch=np.full(frames, 5.0, np.float32),
        voiced=np.ones(frames, np.float32),
        mel=random.normal(size=(400, BANDS)).astype(np.float32),
        prosody=np.zeros(3, np.float32),
    )


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    examples = [made(speaker) for speaker in range(4)]
    for with_critic in (False, True):
        train(TrainingPlan(folder, minutes=0.002, batch=3, frames=200, reference=50), examples, with_critic)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what torch's exporter says of itself
        export(folder / "critic.pt", folder / "weights")
    return folder


def test_training_goes_on_from_its_checkpoint(build: Path) -> None:
    before = torch.load(build / "critic.pt", weights_only=True)
    train(TrainingPlan(build, minutes=0.004, batch=3, frames=200, reference=50), [made(0), made(1)], True)
    after = torch.load(build / "critic.pt", weights_only=True)
    assert after["step"] > before["step"] > 0
    assert after["spent_s"] > before["spent_s"]


def test_the_exported_networks_fit_together(build: Path) -> None:
    voice, phones, frames = (
        onnxruntime.InferenceSession(
            str(build / "weights" / f"{name}.onnx"),
            sess_options=onnxruntime.SessionOptions(),
            providers=["CPUExecutionProvider"],
        )
        for name in ("voice", "phones", "frames")
    )
    (timbre,) = voice.run(None, {"mel": np.zeros((1, 77, BANDS), np.float32)})
    assert np.asarray(timbre).shape == (1, TIMBRE)
    who = TrainedVoice().condition()[np.newaxis]
    tokens = text_tokens("Yes.")
    context, durations = phones.run(None, {"tokens": tokens[np.newaxis], "voice": who})
    assert np.asarray(durations).shape == (1, len(tokens))
    lasts = np.arange(1, len(tokens) + 1)
    index = np.repeat(np.arange(len(tokens)), lasts)[np.newaxis]
    log_pitch, voicing, envelope = frames.run(
        None, {"context": context, "index": index, "place": frame_positions(lasts)[np.newaxis], "voice": who}
    )
    total = int(lasts.sum())
    assert np.asarray(log_pitch).shape == np.asarray(voicing).shape == (1, total)
    assert np.asarray(envelope).shape == (1, total, BANDS)
    assert ((np.asarray(voicing) >= 0) & (np.asarray(voicing) <= 1)).all()
