"""`speechzip listen` and `speechzip talk` as a user meets them: real processes, engines and recordings."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest
import soundfile
from live_processes import live_process
from rich.console import Console
from speechzip.pipeline import open_recording, recognizer_recording
from speechzip.pipeline.live.bench.loopback import SPEECHZIP, talk_and_listen
from speechzip.pipeline.live.defaults import PAIRING_VARIABLE
from speechzip.pipeline.live.devices.terminal import TerminalView, level_bar, reviewed_line
from speechzip.pipeline.live.reports import (
    Delivered,
    Heard,
    Level,
    Notice,
    Pairing,
    PartialTranscript,
    PeerStatus,
    Played,
    Review,
    Said,
    Traffic,
)
from speechzip.pipeline.live.wire.messages import Status
from speechzip.pipeline.live.wire.state import LinkState


def run(*arguments: str, code: int) -> str:
    done = subprocess.run([*SPEECHZIP, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=100)
    assert done.returncode == code, done.stderr
    return done.stderr.decode()


@pytest.fixture(scope="module")
def sentence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    recording = open_recording(recognizer_recording("two_cities.wav"))
    path = tmp_path_factory.mktemp("sentence") / "sentence.wav"
    with soundfile.SoundFile(str(path), "w", recording.sample_rate, 1, "PCM_16") as file:
        for block in islice(recording.blocks(), 3):  # 3 s
            file.write(block)
    return path


@pytest.mark.models
@pytest.mark.parametrize("options", [(), ("--secure",)], ids=["loopback", "TLS"])
def test_a_recording_from_one_process_to_another(sentence: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    done = talk_and_listen(sentence, tmp_path, *options)
    (said,) = done.utterances
    assert "best of times" in said.text.lower()
    assert said.payload_bytes < 60
    assert said.ended_at_s < said.said_at_s < said.heard_at_s < said.playing_at_s
    assert done.sent_bytes < 200
    samples, rate = soundfile.read(str(tmp_path / "0001.wav"), dtype="float32")
    assert 1.0 < len(samples) / rate < 4.0


@pytest.mark.models
@pytest.mark.parametrize("way", ["standard input", "file", "variable"])
def test_the_pairing_line_comes_in_every_way_and_nobody_else_reads_it(tmp_path: Path, way: str) -> None:
    """The listener writes it to a file and does not print it; the caller has it on no command line."""
    file = tmp_path / "line"
    options = ("--secure", "--port", "0", "--pairing-file", str(file), "--output", str(tmp_path / "listener"))
    with live_process("listen", *options) as ben:
        assert ben.wait_for("Pairing")["path"] == str(file)
        line = file.read_text("ascii").strip()
        assert file.stat().st_mode & 0o777 == 0o600
        secret = line.partition("#")[2]
        assert len(secret) == 64
        arguments = {"standard input": ("-",), "file": ("--pairing-file", str(file)), "variable": ()}[way]
        stdin = f"{line}\n" if way == "standard input" else None
        env = {**os.environ, PAIRING_VARIABLE: line} if way == "variable" else None
        with live_process("talk", *arguments, "--output", str(tmp_path / "caller"), stdin=stdin, env=env) as anna:
            for process in (anna, ben):
                process.wait_for("LinkState", lambda report: report["phase"] == "connected")
                assert secret not in process.arguments
                assert secret not in json.dumps(process.reports)
            anna.interrupt()
        ben.wait_for("LinkState", lambda report: report["phase"] == "waiting" and "has left" in report["detail"])
        ben.interrupt()
        assert secret not in anna.errors + ben.errors


@pytest.mark.models
def test_in_a_terminal_enter_talks_and_ctrl_c_leaves(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    listener = subprocess.Popen(
        [*SPEECHZIP, "listen", "--port", "0", "--output", str(tmp_path / "out")],
        stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(theirs)
    shown = b""

    def until(text: bytes) -> None:
        nonlocal shown
        deadline_s = time.monotonic() + 60
        while text not in shown:
            assert time.monotonic() < deadline_s, shown
            shown += os.read(ours, 4096)

    try:
        until(b"The other end takes: speechzip talk '127.0.0.1:")
        until(b"Enter talks")
        os.write(ours, b"\n")
        until(b"Enter stops")
        os.write(ours, b"\n")
        shown = b""
        until(b"Enter talks")
        listener.send_signal(signal.SIGINT)
        assert listener.wait(30) == 0
    finally:
        listener.kill()
        listener.wait()
        os.close(ours)


@pytest.mark.models
def test_what_cannot_be_is_one_line() -> None:
    assert "give the whole pairing line" in run("talk", "192.168.1.5:7310", code=1)
    assert "cannot be made a folder" in run("listen", "--output", __file__, code=1)
    assert "--web uses the browser's microphone" in run("talk", "127.0.0.1", "--web", "--output", "x", code=2)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        complaint = run("listen", "--port", port, "--input", str(recognizer_recording("beckett.wav")), code=1)
    assert complaint.splitlines()[-1].startswith("speechzip: cannot listen on")


def test_a_page_without_its_extra_is_one_line_before_anything_is_loaded() -> None:
    hide = "import sys; sys.modules['websockets.asyncio.server'] = None"
    code = f"{hide}; from speechzip.pipeline.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "listen", "--web"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "speechzip: the page needs websockets, which is not installed; run: pip install 'speechzip[live]'"
    ]


def test_without_a_terminal_there_are_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalView(lambda: "Enter talks", print) as observe:
        observe(Pairing("127.0.0.1:7310"))
        observe(LinkState("connected", "with a caller"))
        observe(Said(1, "Hello.", 30, 1.0, 0.0, queued=True))
        observe(Delivered(1))
        observe(Heard(1, "Hi.", 25, 7, 1.0))
        observe(PeerStatus(Status.NO_LOUDSPEAKER))
        observe(Notice("Something."))
        observe(LinkState("closed"))
    shown = capsys.readouterr()
    assert shown.out.splitlines() == ["you   Hello.  (30 B, waits for the link)", "peer  Hi.  (25 B)"]
    assert "speechzip talk '127.0.0.1:7310'" in shown.err
    assert "connected: with a caller" in shown.err
    assert "delivered: Hello." in shown.err
    assert "no loudspeaker" in shown.err
    assert shown.err.splitlines()[-2:] == ["      Something.", "closed"]


def test_the_live_line_shows_level_words_bytes_and_latency() -> None:
    view = TerminalView(lambda: "Enter stops", print)
    with view as observe:
        for report in (
            LinkState("connected"),
            Level(-20.0, talking=True),
            PartialTranscript("I wanted to"),
            Traffic(171, 60, 3.0, 0.0),
            Played(1, 0.214),
            PeerStatus(Status.TALKING),
        ):
            observe(report)
    shown = io.StringIO()
    console = Console(file=shown, width=120)
    console.print(view._line())  # pyright: ignore[reportPrivateUsage]
    line = shown.getvalue()
    for part in (
        "connected",
        "the peer talks",
        level_bar(-20.0),
        "I wanted to",
        "sent 171 B",
        "latency 0.21 s",
        "stops",
    ):
        assert part in line
    assert [level_bar(level) for level in (-96.0, -60.0, 0.0, 5.0)] == [" ", " ", "█", "█"]


@pytest.mark.parametrize(
    ("unsure", "unsure_words", "red"),
    [(False, (), ""), (True, (), "a four fusion"), (True, (1, 2), "*four* *fusion*"), (False, (0,), "*a*")],
)
def test_unsure_words_are_red(unsure: bool, unsure_words: tuple[int, ...], red: str) -> None:
    line = reviewed_line(Review(1, "a four fusion", 2.0, unsure, unsure_words))
    assert " ".join(line.plain[span.start : span.end] for span in line.spans if span.style == "red") == red
