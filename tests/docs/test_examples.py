"""The programs in examples/, run as a user runs them."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import GOLDEN
from speechzip.pipeline import read_payload
from speechzip.pipeline.live.bench.loopback import SPEECHZIP

EXAMPLES = Path(__file__).parents[2] / "examples"
GOLDEN_WORDS = "\n".join(
    one.text for one in read_payload(bytes.fromhex((GOLDEN / "two-channels-2.hex").read_text())).payload.utterances
)


def run(name: str, *arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == code, ended.stderr
    return ended


@pytest.fixture
def payload_file(tmp_path: Path) -> Path:
    path = tmp_path / "call.spz"
    path.write_bytes(bytes.fromhex((GOLDEN / "two-channels-2.hex").read_text()))
    return path


def test_each_example_has_a_test() -> None:
    tested = set(re.findall(r'"(\w+\.py)"', Path(__file__).read_text(encoding="utf-8")))
    assert {path.name for path in EXAMPLES.glob("*.py")} == tested


def test_transcript(payload_file: Path) -> None:
    printed = run("transcript.py", payload_file).stdout.splitlines()
    assert [line.partition(": ")[2] for line in printed] == GOLDEN_WORDS.splitlines()
    assert re.match(r"00:0\d\.\d speaker [12]( \(unsure\))?: ", printed[0])
    payload_file.write_bytes(b"rubbish")
    assert "call.spz: " in run("transcript.py", payload_file, code=1).stderr


@pytest.mark.slow
def test_packets(payload_file: Path) -> None:
    assert run("packets.py", payload_file).stdout.strip() == GOLDEN_WORDS
    assert run("packets.py", payload_file, "0").stdout.strip() == GOLDEN_WORDS  # parity replaces it
    printed = run("packets.py", payload_file, "0", "1").stdout
    assert printed.startswith("missing between [(0.0, ")
    assert printed.strip() != GOLDEN_WORDS


@pytest.mark.models
def test_compress_folder(tmp_path: Path, wheel_recording: Callable[[str], Path]) -> None:
    shutil.copy(wheel_recording("beckett.wav"), tmp_path)
    (tmp_path / "broken.wav").write_bytes(b"rubbish")
    ended = run("compress_folder.py", tmp_path)
    assert re.fullmatch(r"beckett\.wav: \d+ bytes, \d+ bit/s, \d+\.\d s\n", ended.stdout)
    assert ended.stderr.startswith("broken.wav: ")
    assert "Ever tried" in read_payload(tmp_path / "beckett.spz").payload.utterances[0].text


@pytest.mark.models
def test_own_recognizer(tmp_path: Path, wheel_recording: Callable[[str], Path]) -> None:
    shutil.copy(wheel_recording("beckett.wav"), tmp_path / "call.wav")
    (tmp_path / "call.txt").write_text("Words of a script.\n")
    data = bytes.fromhex(run("own_recognizer.py", tmp_path / "call.wav").stdout)
    assert read_payload(data).payload.utterances[0].text == "Words of a script."


@pytest.mark.models
@pytest.mark.processes
def test_live_captions(wheel_recording: Callable[[str], Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    answering = [sys.executable, str(EXAMPLES / "live_captions.py"), port]
    with subprocess.Popen(answering, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        try:
            called = [*SPEECHZIP, "talk", f"127.0.0.1:{port}", "--connect-timeout", "90"]
            subprocess.run([*called, "--input", str(wheel_recording("beckett.wav"))], check=True, capture_output=True)
            printed, _ = program.communicate(timeout=90)
        finally:
            program.kill()
    assert "peer: Ever tried" in printed
