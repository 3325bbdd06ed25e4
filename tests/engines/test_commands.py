"""The engines through the command line: real processes, real recordings, tiny weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from tiny_engines import save_whisper, save_xtts

SPEECHZIP = [sys.executable, "-c", "from speechzip.pipeline.cli import main; main()"]


def run(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [*SPEECHZIP, *map(str, arguments)], capture_output=True, check=False, timeout=300, env=dict(os.environ)
    )
    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done


def test_there_and_back(tmp_path: Path, wheel_recording: Callable[[str], Path]) -> None:
    weights = save_whisper(tmp_path / "large-v3-turbo.pt", "Guten Morgen!", "de")
    folder = save_xtts(tmp_path / "my-xtts")
    payload, audio = tmp_path / "call.spz", tmp_path / "call.wav"
    run(
        "compress", wheel_recording("beckett.wav"), "-o", payload,
        "--recognizer", f"whisper:{weights}", "--voice-encoder", "clip",
    )  # fmt: skip
    inspected = json.loads(run("inspect", payload, "--json").stdout)
    assert inspected["recognizer"] == "whisper-large-v3-turbo"
    assert inspected["speakers"][0]["voice_space"] == "clip"
    assert {(utterance["language"], utterance["text"]) for utterance in inspected["utterances"]} == {
        ("de", "Guten Morgen!")
    }
    assert b"words by whisper-large-v3-turbo" in run("inspect", payload).stdout

    speak = ("decompress", payload, "-o", audio, "--synthesizer", f"xtts:{folder}", "--json")
    assert b"speechzip voices license --accept" in run(*speak, code=1).stderr
    assert not audio.exists()
    run("voices", "license", "--accept")
    done = run(*speak)
    assert json.loads(done.stdout)["synthesizer"] == "xtts:my-xtts"
    assert done.stderr == b""
    samples, rate = soundfile.read(str(audio), dtype="float32")
    assert rate == 24_000
    assert np.abs(samples).max() > 0.05
