from __future__ import annotations

from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest
from speechzip.pipeline import EngineError, Samples, open_recording, resample
from speechzip.voices import XVectorEmbedder

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def embedder() -> XVectorEmbedder:
    return XVectorEmbedder()


def load(path: Path) -> Samples:
    recording = open_recording(path)
    return resample(np.concatenate(list(recording.blocks()))[:, 0], recording.sample_rate, 16_000)


def test_a_reader_is_like_themselves(embedder: XVectorEmbedder, wheel_recording: Callable[[str], Path]) -> None:
    cities = load(wheel_recording("two_cities.wav"))
    assert float(embedder.embed(cities[:80_000]) @ embedder.embed(cities[-80_000:])) > 0.5


@pytest.mark.corpus
def test_readers_are_told_apart(embedder: XVectorEmbedder, evalset: Path) -> None:
    paths = sorted((evalset / "libri_clean").glob("*.flac"))
    speakers = [path.name.partition("-")[0] for path in paths]
    embeddings = np.stack([embedder.embed(load(path)[:80_000]) for path in paths])
    similarity = embeddings @ embeddings.T
    np.fill_diagonal(similarity, -1.0)
    nearest = [speakers[int(index)] for index in np.argmax(similarity, axis=1)]
    assert len(set(speakers)) == 12
    assert sum(map(str.__eq__, nearest, speakers)) >= 0.95 * len(speakers)


@pytest.mark.parametrize("length", [0, 1, 100, 9000, 48_000])
def test_any_length(embedder: XVectorEmbedder, length: int) -> None:
    embedding = embedder.embed(np.sin(np.arange(length)).astype(np.float32))
    assert embedding.shape == (512,)
    assert np.isfinite(embedding).all()
    assert float(embedding @ embedding) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("content", [None, b"", b"no model here"])
def test_a_wheel_without_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> None:
    spec = ModuleSpec("moonshine_voice", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]

    def find_spec(name: str) -> ModuleSpec:
        assert name == "moonshine_voice"
        return spec

    monkeypatch.setattr("importlib.util.find_spec", find_spec)
    if content is not None:
        for library in ("libmoonshine.so", "libmoonshine.dylib"):
            (tmp_path / library).write_bytes(content)
    with pytest.raises(EngineError, match="moonshine-voice"):
        XVectorEmbedder()
