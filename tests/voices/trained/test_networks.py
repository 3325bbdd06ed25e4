from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import onnxruntime
import pytest
from speechzip.pipeline import EngineError, open_session
from speechzip.voices.trained import networks


@pytest.fixture(autouse=True)
def nothing_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "_opened", {})


@pytest.mark.parametrize("content", [None, b"", b"rubbish"])
def test_a_damaged_network_is_one_error(content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def here(_package: str) -> Path:
        return tmp_path

    monkeypatch.setattr(networks, "files", here)
    if content is not None:
        (tmp_path / "weights").mkdir()
        (tmp_path / "weights" / "voice.onnx").write_bytes(content)
    with pytest.raises(EngineError, match="reinstall speechzip"):
        networks.network("voice")


@pytest.mark.models
def test_a_network_that_two_threads_want_at_once_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def counted(path: Path) -> onnxruntime.InferenceSession:
        opened.append(path.name)
        time.sleep(0.1)
        return open_session(path)

    monkeypatch.setattr(networks, "open_session", counted)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(networks.network, ["voice", "voice"])
    assert first is second
    assert opened == ["voice.onnx"]
