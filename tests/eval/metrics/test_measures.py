from __future__ import annotations

import importlib.util
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeRecognizer, bursts
from speechzip.eval.metrics import load_naturalness, load_voice, onset_s, torchfile, transcribe
from speechzip.eval.metrics.judge import split_samples
from speechzip.eval.metrics.torchfile import load_weights
from speechzip.eval.metrics.voice import mel_spectrogram, pack_embedding, unpack_embedding
from speechzip.pipeline import EngineError, Samples, open_recording

RATE = 16_000
needs_resemblyzer = pytest.mark.skipif(
    importlib.util.find_spec("resemblyzer") is None,
    reason="Resemblyzer's weights are not installed (make eval does it)",
)


def samples_of(path: Path) -> Samples:
    return np.concatenate(list(open_recording(path).blocks()))[:, 0]


@needs_resemblyzer
def test_embedding_is_the_one_of_resemblyzer(wheel_recording: Callable[[str], Path]) -> None:
    embedding = load_voice().embed(samples_of(wheel_recording("beckett.wav")))
    assert embedding is not None
    # what Resemblyzer 0.1.4 with torch 2.13 says of this recording: the largest six of 256, and the sum
    assert list(np.argsort(-embedding)[:6]) == [243, 240, 113, 169, 158, 138]
    np.testing.assert_allclose(np.sort(-embedding)[:3], [-0.28363, -0.27389, -0.22734], atol=2e-5)
    assert embedding.sum() == pytest.approx(9.17357, abs=1e-4)
    assert np.array_equal(unpack_embedding(pack_embedding(embedding)), embedding)


@needs_resemblyzer
@pytest.mark.parametrize(
    "samples", [np.zeros(0, np.float32), np.zeros(RATE * 3, np.float32), np.ones(8000, np.float32)]
)
def test_too_little_to_tell_a_voice(samples: Samples) -> None:
    assert load_voice().embed(samples) is None


def test_mel_bands_of_a_tone() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    spectrogram = mel_spectrogram(tone)
    assert spectrogram.shape == (101, 40)
    # 1 kHz is 15 mel of 45.24; 41 steps of 1.1034 mel: its band is the one around 13.6 steps
    assert int(spectrogram[50].argmax()) in (12, 13)


@pytest.mark.parametrize("cut", [0, 10, 50, 1000])
def test_weights_that_are_cut_or_hostile(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "weights.pt"
    hostile = pickle.dumps(torchfile.MAGIC) + pickle.dumps(1001) + pickle.dumps({}) + pickle.dumps(print)
    path.write_bytes(hostile[:cut])
    with pytest.raises(EngineError, match=r"asks for builtins.print|cannot be read"):
        load_weights(path)


def test_weights_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(pickle.dumps(7))
    with pytest.raises(EngineError, match="not a weights file"):
        load_weights(path)


def test_naturalness_is_the_one_of_speechmos(wheel_recording: Callable[[str], Path]) -> None:
    pytest.importorskip("speechmos")
    scores = load_naturalness().score(samples_of(wheel_recording("beckett.wav")))
    # what speechmos 0.0.1.1 itself says of this recording
    assert scores == pytest.approx({"overall": 3.36103, "signal": 3.64054, "background": 4.12048}, abs=2e-3)
    assert load_naturalness().score(np.zeros(RATE, np.float32)) == {}


@pytest.mark.parametrize("start_s", [0.0, 0.37, 1.5])
def test_onset(start_s: float) -> None:
    audio = bursts((start_s, start_s + 2), duration_s=5)
    assert onset_s(audio.samples, expected_s=start_s + 0.1) == pytest.approx(start_s, abs=0.011)


def test_a_breath_after_digital_silence_is_no_onset() -> None:
    samples = bursts((1.0, 3.0), duration_s=5).samples
    samples += np.float32(0.01) * bursts((0.6, 1.0), duration_s=5).samples
    assert onset_s(samples, expected_s=1.0) == pytest.approx(1.0, abs=0.011)


def test_onset_that_cannot_be_told() -> None:
    talking_on = bursts((0.0, 4.9), duration_s=5)
    assert onset_s(talking_on.samples, expected_s=2.5) is None
    assert onset_s(np.zeros(RATE, np.float32), expected_s=0.0) is None
    assert onset_s(np.zeros(0, np.float32), expected_s=0.0) is None


def test_long_speech_is_cut_where_it_is_quiet() -> None:
    audio = bursts((0, 14.0), (14.6, 40), duration_s=40)
    parts = list(split_samples(audio.samples))
    assert len(parts[0]) / RATE == pytest.approx(14.3, abs=0.2)
    assert sum(map(len, parts)) == len(audio.samples)
    assert max(map(len, parts)) <= 25 * RATE
    assert transcribe(FakeRecognizer(["One,", "two."]), audio.samples[: 30 * RATE]) == "One, two."
