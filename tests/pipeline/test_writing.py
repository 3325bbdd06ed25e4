"""Sound files as they are written: to disks, pipes and where there is no room."""

from __future__ import annotations

import io
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fakes import FakeSynthesizer
from speechzip.pipeline import TEXT_CODERS, Payload, Speaker, Utterance, Voice, encode_payload
from speechzip.pipeline.writing import audio_format, write_speech

PERSON = Speaker(Voice("classical", bytes(10)))
PAYLOAD = Payload((PERSON,), (Utterance(0.5, 1, 0, "Hello."), Utterance(2, 1, 0, "Yes.")), 4.0)
SPEECHZIP = [sys.executable, "-u", "-c", "from speechzip.pipeline.cli import main; main()"]
WAV = audio_format(Path("x.wav"))


@cache
def payload_bytes(duration_s: float, utterances: int) -> bytes:
    """Return a payload of somebody who says something every two seconds."""
    said = tuple(Utterance(2.0 * at, 1.5, 0, "Good morning, everybody.") for at in range(utterances))
    return encode_payload(Payload((PERSON,), said, duration_s), TEXT_CODERS[1])


def payload_file(folder: Path, duration_s: float, utterances: int = 2) -> Path:
    """Write that payload."""
    path = folder / "call.spz"
    path.write_bytes(payload_bytes(duration_s, utterances))
    return path


def frames_of(path: Path) -> int:
    return len(soundfile.read(str(path), dtype="float32")[0])


def test_the_same_file_whether_it_can_be_gone_back_in_or_not(tmp_path: Path) -> None:
    with (tmp_path / "a.wav").open("w+b") as file:
        write_speech(file, WAV, PAYLOAD, FakeSynthesizer())
    memory = io.BytesIO()
    write_speech(memory, WAV, PAYLOAD, FakeSynthesizer())
    read, write = os.pipe()
    with os.fdopen(write, "wb") as pipe:
        received: list[bytes] = []

        def receive() -> None:
            with os.fdopen(read, "rb") as source:
                received.append(source.read())

        reader = threading.Thread(target=receive)
        reader.start()
        write_speech(pipe, WAV, PAYLOAD, FakeSynthesizer())
    reader.join()
    whole = (tmp_path / "a.wav").read_bytes()
    assert received == [whole] == [memory.getvalue()]
    assert whole.count(b"RIFF") == 1
    assert len(whole) == 44 + 2 * 4 * 16_000
    assert int.from_bytes(whole[4:8], "little") == len(whole) - 8
    assert int.from_bytes(whole[40:44], "little") == len(whole) - 44


def test_beyond_four_gigabytes_it_is_rf64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechzip.pipeline.writing.MAX_WAV_BYTES", 100_000)
    path = tmp_path / "long.wav"
    with path.open("w+b") as file:
        write_speech(file, WAV, PAYLOAD, FakeSynthesizer())
    written = path.read_bytes()
    assert written[:4] == b"RF64"
    assert written[12:16] == b"ds64"
    assert int.from_bytes(written[20:28], "little") == len(written) - 8
    samples, rate = soundfile.read(str(path), dtype="float32")
    assert (len(samples), rate) == (64_000, 16_000)


@pytest.mark.models
def test_a_day_is_refused_unless_it_is_asked_for(tmp_path: Path) -> None:
    path = payload_file(tmp_path, 5 * 3600.0, 0)
    done = subprocess.run([*SPEECHZIP, "decompress", path, "-o", "-"], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"5.00 h of recording, 0.58 GB" in done.stderr
    asked = [*SPEECHZIP, "decompress", str(path), "-o", str(tmp_path / "x.flac"), "--max-hours", "5"]
    assert subprocess.run(asked, capture_output=True, check=False).returncode == 0
    assert frames_of(tmp_path / "x.flac") == 5 * 3600 * 16_000


@pytest.mark.models
@pytest.mark.parametrize("output", ["/dev/full", "-", "x.wav", "x.flac", "x.ogg", "x.mp3"])
def test_a_full_disk_is_one_line_and_no_file(tmp_path: Path, output: str) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))

    path = payload_file(tmp_path, 20.0, 10)
    target = output if output in ("/dev/full", "-") else str(tmp_path / output)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*SPEECHZIP, "decompress", path, "-o", target],
            stdout=full,
            stderr=subprocess.PIPE,
            preexec_fn=None if output.startswith(("/", "-")) else little_room,  # no threads here
            check=False,
        )
    lines = done.stderr.decode().splitlines()
    assert (done.returncode, len(lines)) == (1, 1), lines
    assert lines[0].startswith("speechzip: ")
    assert "cannot be written" in lines[0]
    assert [child.name for child in tmp_path.iterdir()] == ["call.spz"]


@pytest.mark.models
def test_a_fifo_gets_one_file(tmp_path: Path) -> None:
    path = payload_file(tmp_path, 4.0)
    os.mkfifo(tmp_path / "fifo")
    with subprocess.Popen([*SPEECHZIP, "decompress", path, "-o", tmp_path / "fifo"], stderr=subprocess.PIPE) as running:
        received = (tmp_path / "fifo").read_bytes()
    assert running.returncode == 0
    assert received.count(b"RIFF") == 1
    (tmp_path / "copy.wav").write_bytes(received)
    assert frames_of(tmp_path / "copy.wav") == (len(received) - 44) // 2 >= 64_000


@pytest.mark.models
@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_ctrl_c_ends_it_cleanly(tmp_path: Path, suffix: str) -> None:
    path = payload_file(tmp_path, 3 * 3600.0, 400)  # 13 minutes of speech: the end does not come before the signal
    command = [*SPEECHZIP, "decompress", str(path), "-o", str(tmp_path / f"x.{suffix}")]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as running:
        deadline = time.monotonic() + 60
        while not any(child.stat().st_size > 20_000 for child in tmp_path.glob(".*")) and time.monotonic() < deadline:
            time.sleep(0.02)  # until speech is written
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    assert (running.returncode, errors) == (130, b"")
    assert [child.name for child in tmp_path.iterdir()] == ["call.spz"]


def test_memory_stays_flat_in_a_long_silence() -> None:
    # The samples of a silent recording of three hours would have 691 MB.
    script = (
        "from pathlib import Path; from speechzip.pipeline import Payload, decompress; "
        "from fakes import FakeSynthesizer; "
        "audio = decompress(Payload((), (), 3 * 3600.0), synthesizer=FakeSynthesizer()); "
        "status = dict(line.split(':', 1) for line in Path('/proc/self/status').read_text().splitlines()); "
        "print(audio.duration_s, status['VmHWM'].split()[0])"  # getrusage would tell the parent's peak
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, env=environment)
    duration_s, peak_kib = map(float, done.stdout.split())
    assert duration_s == 3 * 3600
    assert peak_kib < 300_000


def test_samples_are_those_of_the_synthesizer(tmp_path: Path) -> None:
    with (tmp_path / "a.flac").open("w+b") as file:
        write_speech(file, audio_format(Path("a.flac")), PAYLOAD, FakeSynthesizer())
    samples, _ = soundfile.read(str(tmp_path / "a.flac"), dtype="float32")
    assert np.unique(samples).tolist() == [0, 0.25]
