"""Evaluations with the real engines, from the command line, with every fault that a corpus can have."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from in_process import QUICK
from speechzip.eval import Engines, Options, evaluate
from speechzip.eval.run.store import MARKER
from speechzip.pipeline import EngineError, InputError, OutputError

pytestmark = pytest.mark.models


def run(*arguments: str | Path, check: int = 0) -> subprocess.CompletedProcess[str]:
    code = "from speechzip.pipeline.cli import main; main()"
    finished = subprocess.run(
        [sys.executable, "-c", code, "eval", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert finished.returncode == check, finished.stderr
    return finished


@pytest.fixture
def corpus(tmp_path: Path, wheel_recording: Callable[[str], Path]) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    shutil.copy(wheel_recording("beckett.wav"), folder / "good.wav")
    shutil.copy(wheel_recording("beckett.wav"), folder / "unwritten.wav")
    (folder / "broken.wav").write_bytes(b"RIFF, they said")
    (folder / "manifest.csv").write_text(
        "path,transcript,speaker\n"
        "good.wav,Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.,Beckett\n"
        "broken.wav,Nothing,Nobody\n"
        "lost.wav,Nothing,Nobody\n"
        "unwritten.wav,,Beckett\n"
    )
    return folder


def test_results_are_never_written_among_the_recordings(corpus: Path, tmp_path: Path) -> None:
    (corpus / MARKER).touch()  # as an earlier run has left it
    before = sorted(corpus.iterdir())
    for recordings, out in (
        (corpus, corpus),
        (corpus, corpus / "report"),
        (corpus, tmp_path),
        (corpus / "manifest.csv", corpus),
        (corpus, corpus / "x" / ".."),
    ):
        with pytest.raises(OutputError, match="would get mixed up"):
            evaluate(Options(recordings, out, fresh=True))
    assert sorted(corpus.iterdir()) == before


def test_a_corpus_with_all_that_can_be_wrong(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    engines = ("--synthesizer", "espeak", *QUICK)
    arguments = (corpus, "--out", out, "--system", "speechzip", "--condition", "clean", *engines)
    name = "speechzip[voice_encoder=trained:quick,synthesizer=espeak]"
    finished = run(*arguments, "--json", "--workers", "1")
    headline: list[dict[str, Any]] = json.loads(finished.stdout)
    assert [row["system"] for row in headline] == ["original", name]
    original, speechzip = headline
    assert original["wer"]["value"] <= 0.1
    assert (original["items"], original["failed"]) == (1, 2)
    assert 30 < speechzip["bitrate_bps"]["value"] < 120
    assert speechzip["text_wer"]["value"] < 0.2
    document = json.loads((out / "results.json").read_text("utf-8"))
    reasons = {failure["item"]: failure["reason"] for failure in document["failures"]}
    assert set(reasons) == {"broken.wav", "lost.wav", "unwritten.wav"}
    assert "no transcript" in reasons["unwritten.wav"]
    assert "cannot be read" in reasons["lost.wav"]
    assert (document["failed_items"], document["untranscribed_items"]) == (2, 1)
    unwritten = [one for one in document["observations"] if one["item"] == "unwritten.wav"]
    assert [one["system"] for one in unwritten] == [name]
    assert unwritten[0]["payload_bits"] > 0

    stored = {path: path.stat().st_mtime_ns for path in (out / "observations").rglob("*good*.json")}
    assert len(stored) == 2
    assert (
        "2 of 4 recordings failed in part or whole, 1 without a transcript" in run(*arguments, "--workers", "1").stdout
    )
    assert {path: path.stat().st_mtime_ns for path in stored} == stored  # nothing was made again


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks at processes as Linux shows them")
def test_killed_and_run_again(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    for name in ("two.wav", "three.wav"):
        shutil.copy(corpus / "good.wav", corpus / name)
    (corpus / "manifest.csv").write_text(
        "path,transcript\n" + "".join(f"{n}.wav,Ever\n" for n in ("good", "two", "three"))
    )
    arguments = ["eval", str(corpus), "--out", str(out), "--system", "opus-6-60ms", "--condition", "clean"]
    arguments += ["--workers", "1"]
    code = "from speechzip.pipeline.cli import main; main()"
    first = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], start_new_session=True, stderr=subprocess.DEVNULL
    )
    deadline_s = time.monotonic() + 300  # a busy machine loads engines for a minute
    while len(stored := list(out.glob("observations/**/*.json"))) < 2:
        assert time.monotonic() < deadline_s
        assert first.poll() is None
        time.sleep(0.02)
    workers = [pid for pid in _processes() if _status(pid, "PPid") == str(first.pid)]
    first.send_signal(signal.SIGKILL)
    first.wait()
    while any(_status(pid, "State")[:1] not in ("", "Z") for pid in workers):  # they notice, and end by themselves
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    before = {path: path.stat().st_mtime_ns for path in stored}
    run(*arguments[1:])
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(list(out.glob("observations/**/*.json"))) > len(before)


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _status(pid: int, field: str) -> str:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return ""
    return next((line.split(":")[1].strip() for line in lines if line.startswith(f"{field}:")), "")


def test_what_was_asked_for_must_be_there(tmp_path: Path) -> None:
    out = tmp_path / "report"
    with pytest.raises(InputError, match="no system 'mp3'"):
        evaluate(Options("wheels", out, systems=("mp3",)))
    with pytest.raises(InputError, match="no condition 'rain'"):
        evaluate(Options("wheels", out, conditions=("rain",)))
    with pytest.raises(EngineError, match="no recognizer named 'telepathy'"):
        evaluate(Options("wheels", out, judges=("telepathy",)))
    with pytest.raises(EngineError, match="no synthesizer named 'nobody'"):
        evaluate(Options("wheels", out, engines=Engines(synthesizer="nobody")))
    assert "does not exist" in run(tmp_path / "nowhere", check=1).stderr
    assert run("wheels", "--limit", "0", check=2).stdout == ""


def test_command_line_that_does_the_same() -> None:
    options = Options("my corpus", Path("out"), limit=3, systems=("opus",), engines=Engines(voice_encoder="classical"))
    assert options.command() == (
        "speechzip eval 'my corpus' --out out --seed 0 --limit 3 --system opus --voice-encoder classical"
    )
