from __future__ import annotations

import ast
import sys
from pathlib import Path

import onnxruntime
import pytest
from speechzip.pipeline.segments import silero
from speechzip.pipeline.system import inference as sessions
from speechzip.pipeline.system.inference import open_session

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.models
def test_a_session_runs_in_one_thread() -> None:
    session = open_session(silero.checked_weights(silero.installed_weights()))
    options = session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert not options.enable_cpu_mem_arena
    assert session.get_providers() == ["CPUExecutionProvider"]


@pytest.mark.models
@pytest.mark.parametrize(("variable", "threads"), [("1", 1), ("2", 2), ("64", 4), ("", 4), ("0", 4), ("2,1", 4)])
def test_threads_are_bounded(monkeypatch: pytest.MonkeyPatch, variable: str, threads: int) -> None:
    """OMP_NUM_THREADS, which onnxruntime does not read, and the cores of the process."""
    monkeypatch.setattr(sessions, "cores", lambda: 4)
    monkeypatch.setenv("OMP_NUM_THREADS", variable)
    session = open_session(silero.checked_weights(silero.installed_weights()), threads=100)
    assert session.get_session_options().intra_op_num_threads == threads


@pytest.mark.models
def test_a_session_does_not_keep_the_content_of_its_file() -> None:
    content = silero.checked_weights(silero.installed_weights())
    before = sys.getrefcount(content)
    session = open_session(content)
    assert sys.getrefcount(content) == before
    assert session.get_inputs()


@pytest.mark.parametrize("content", [b"rubbish", b"ORTM", b"\x08\x08"])
def test_what_is_no_network_is_one_error(content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "network.onnx"
    path.write_bytes(content)
    for model in (content, path, tmp_path / "missing.onnx"):
        with pytest.raises(RuntimeError, match="cannot be opened as a network"):
            open_session(model)
    assert capfd.readouterr() == ("", "")


def test_no_session_is_opened_elsewhere() -> None:
    users = [
        path.relative_to(ROOT).as_posix()
        for folder in ("pipeline", "voices", "eval")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "onnxruntime.InferenceSession"
    ]
    assert users == ["pipeline/system/inference.py"]


def test_onnxruntime_itself_is_left_as_it_is() -> None:
    from speechzip.eval.run import workers as pool

    before = onnxruntime.SessionOptions
    pool.prepare_worker()
    assert onnxruntime.SessionOptions is before
