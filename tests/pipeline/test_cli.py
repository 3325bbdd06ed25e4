"""The command line as a user meets it: real processes, real models, real recordings."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from in_process import QUICK, run_in_process
from speechzip.pipeline import Voice, cli, read_payload, resample
from speechzip.pipeline.protocols import MAX_LEAD_S

pytestmark = pytest.mark.models

WheelRecording = Callable[[str], Path]
SPEECHZIP = [sys.executable, "-c", "from speechzip.pipeline.cli import main; main()"]


def run(*arguments: object, stdin: bytes = b"", code: int = 0) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [*SPEECHZIP, *map(str, arguments)], input=stdin, capture_output=True, check=False, timeout=300
    )
    assert done.returncode == code, done.stderr.decode()
    return done


def complaint(*arguments: object, stdin: bytes | None = None) -> str:
    """Return the one line of an error; in a process of its own if it reads standard input."""
    if stdin is None:
        code, out, errors = run_in_process(*arguments)
        assert code == 1, errors
    else:
        done = run(*arguments, stdin=stdin, code=1)
        out, errors = done.stdout.decode(), done.stderr.decode()
    lines = errors.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("speechzip: ")
    assert out == ""
    return lines[0]


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory, wheel_recording: WheelRecording) -> Path:
    """Two people, one a channel: Beckett on the left, Dickens answers on the right."""
    beckett, rate = soundfile.read(str(wheel_recording("beckett.wav")), dtype="float32", always_2d=True)
    dickens, dickens_rate = soundfile.read(str(wheel_recording("two_cities.wav")), dtype="float32", always_2d=True)
    left, right = beckett[:, 0], resample(dickens[: 8 * dickens_rate, 0], dickens_rate, rate)
    stereo = np.zeros((len(left) + len(right), 2), np.float32)
    stereo[: len(left), 0] = left
    stereo[len(left) :, 1] = right
    path = tmp_path_factory.mktemp("call") / "call.wav"
    soundfile.write(str(path), stereo, rate)
    return path


@pytest.fixture(scope="module")
def compressed(call: Path) -> tuple[Path, dict[str, Any]]:
    path = call.with_suffix(".spz")
    return path, json.loads(run("compress", call, *QUICK, "--json").stdout)


def test_compress_writes_beside_the_input_and_tells_everything(compressed: tuple[Path, dict[str, Any]]) -> None:
    path, summary = compressed
    assert summary["payload_bytes"] == path.stat().st_size == sum(summary["sections"].values())
    assert summary["bitrate_bps"] == pytest.approx(8 * summary["payload_bytes"] / summary["duration_s"], rel=1e-3)
    assert 0 < summary["real_time_factor"] < 5
    assert summary["text_bits_per_char"] > 0
    assert len(summary["speakers"]) == summary["channels"] == 2
    first = summary["utterances"][0]
    assert set(first) >= {"start_s", "duration_s", "speaker", "text", "confidence"}
    assert "Ever tried" in first["text"]
    assert {utterance["speaker"] for utterance in summary["utterances"]} == {0, 1}


def test_the_voice_is_fitted_unless_it_is_to_be_quick(tmp_path: Path, wheel_recording: WheelRecording) -> None:
    """As users run it: the other tests are quick."""
    fitted, quick = tmp_path / "fitted.spz", tmp_path / "quick.spz"
    run("compress", wheel_recording("beckett.wav"), "-o", fitted)
    run("compress", wheel_recording("beckett.wav"), *QUICK, "-o", quick)
    better, measured = (read_payload(path).payload for path in (fitted, quick))
    assert better.utterances == measured.utterances
    ((one,), (other,)) = better.speakers, measured.speakers
    assert isinstance(one.voice, Voice)
    assert isinstance(other.voice, Voice)
    assert one.voice.embedding != other.voice.embedding
    assert one.voice.embedding[:2] == other.voice.embedding[:2]  # pitch and pace are as measured
    assert len(one.voice.embedding) == len(other.voice.embedding) == 16


def test_inspect_shows_the_same(compressed: tuple[Path, dict[str, Any]]) -> None:
    path, summary = compressed
    inspected = json.loads(run("inspect", path, "--json").stdout)
    assert inspected == {name: summary[name] for name in inspected}
    lines = run("inspect", path).stdout.decode()
    assert "Ever tried" in lines
    assert "speaker 2: voice" in lines
    assert f"total {path.stat().st_size:>10} bytes" in lines


def test_word_times_are_printed_and_not_sent(call: Path, compressed: tuple[Path, dict[str, Any]]) -> None:
    path = call.with_name("timed.spz")
    summary = json.loads(run("compress", call, *QUICK, "-o", path, "--word-times", "--json").stdout)
    first = summary["utterances"][0]
    assert " ".join(word["text"] for word in first["words"]) == first["text"]
    assert all(0 < word["duration_s"] < 1 and 0 < word["start_s"] < summary["duration_s"] for word in first["words"])
    assert first["words_estimated"] is False
    assert path.read_bytes() == compressed[0].read_bytes()
    assert "words" not in compressed[1]["utterances"][0]


def test_inspect_estimates_word_times(compressed: tuple[Path, dict[str, Any]]) -> None:
    path, summary = compressed
    inspected = json.loads(run("inspect", path, "--words", "--json").stdout)
    for utterance, sent in zip(inspected["utterances"], summary["utterances"], strict=True):
        words = utterance["words"]
        assert utterance["words_estimated"] is True
        assert [word["text"] for word in words] == sent["text"].split()
        assert words[0]["start_s"] == pytest.approx(sent["start_s"], abs=0.001)
        assert sum(word["duration_s"] for word in words) == pytest.approx(sent["duration_s"], abs=0.002)
    words = [word for utterance in inspected["utterances"] for word in utterance["words"]]
    lines = run("inspect", path, "--words").stdout.decode().splitlines()
    assert [line.split()[-1] for line in lines] == [word["text"] for word in words]
    assert all(line.startswith("~") for line in lines)


def test_decompress_writes_two_channels(compressed: tuple[Path, dict[str, Any]]) -> None:
    path, summary = compressed
    written = json.loads(run("decompress", path, "--json").stdout)
    samples, rate = soundfile.read(str(path.with_suffix(".decoded.wav")), dtype="float32", always_2d=True)
    assert (written["duration_s"], written["sample_rate"]) == (len(samples) / rate, rate)
    assert len(samples) / rate == pytest.approx(summary["duration_s"], abs=0.5)
    assert samples.shape[1] == 2
    for utterance in summary["utterances"]:
        start = int(utterance["start_s"] * rate)
        assert np.abs(samples[start : start + rate // 10, utterance["speaker"]]).max() > 0.005
        begin = max(0, start - int(MAX_LEAD_S * rate))  # soft first sounds come before the start
        assert not samples[max(0, begin - rate // 50) : begin, utterance["speaker"]].any()


def test_subtitles_beside_the_payload(call: Path, tmp_path: Path) -> None:
    shutil.copy(call, tmp_path)
    run("compress", tmp_path / call.name, *QUICK, "--export", "srt", "--export", "textgrid", "--quiet")
    subtitles = (tmp_path / "call.srt").read_text()
    assert subtitles.startswith("1\n00:00:0")
    assert "Speaker 1: Ever tried" in subtitles
    assert (tmp_path / "call.TextGrid").read_text().startswith('File type = "ooTextFile"')
    assert "call.srt already exists" in complaint("compress", tmp_path / call.name, "-o", "-", "--export", "srt")
    assert run("export", tmp_path / "call.spz", "--format", "srt", "-o", "-").stdout.decode() == subtitles
    assert "call.srt already exists" in complaint("export", tmp_path / "call.spz", "-o", tmp_path / "call.srt")
    run("export", tmp_path, "--format", "vtt", "-o", tmp_path / "all")
    assert (tmp_path / "all" / "call.vtt").read_text().startswith("WEBVTT")


def test_pipes(call: Path, compressed: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    done = run("compress", "-", *QUICK, "-o", "-", stdin=call.read_bytes())
    assert done.stdout == compressed[0].read_bytes()
    assert b"Ever tried" in done.stderr
    assert b"\x1b" not in done.stderr  # no progress bar in a pipe
    wav = run("decompress", "-", "-o", "-", "-q", stdin=done.stdout).stdout
    assert wav[:4] == b"RIFF"
    (tmp_path / "piped.wav").write_bytes(wav)
    assert soundfile.read(str(tmp_path / "piped.wav"), dtype="float32")[0].shape[1] == 2
    assert b"Ever tried" in run("inspect", "-", stdin=done.stdout).stdout


def test_pipes_by_name(call: Path, compressed: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    wanted = compressed[0].read_bytes()
    done = run("compress", "/dev/stdin", *QUICK, "-o", "-", "-q", stdin=call.read_bytes())
    assert done.stdout == wanted
    for source in (f"<(cat '{call}')", f"/dev/stdin < '{call}'", f"- < '{call}'"):
        command = f"{shlex.join(SPEECHZIP)} compress {shlex.join(QUICK)} -q {source}"
        subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True)
        assert (tmp_path / "speech.spz").read_bytes() == wanted
        (tmp_path / "speech.spz").unlink()
    assert "is neither a file nor a pipe" in complaint("compress", "/dev/null", "-o", tmp_path / "out.spz")
    assert "not audio" in complaint("compress", "/dev/stdin", "-o", tmp_path / "out.spz", stdin=b"a poem" * 1000)
    assert os.listdir(tmp_path) == []


def test_what_a_pipe_gives_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from speechzip.pipeline import AudioError
    from speechzip.pipeline.audio import spooling

    monkeypatch.setattr(spooling, "MAX_SPOOL", 3 << 20)
    with pytest.raises(AudioError, match="standard input has more than"), open("/dev/zero", "rb") as endless:
        spooling.spool(endless, "standard input")


def test_the_input_is_never_overwritten(call: Path, compressed: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    recording, payload = tmp_path / "call.wav", tmp_path / "call.spz"
    for path, original in ((recording, call), (payload, compressed[0])):
        path.write_bytes(original.read_bytes())
        os.link(path, tmp_path / f"hard-{path.stem}{path.suffix}.wav")
        (tmp_path / f"link-{path.suffix}.wav").symlink_to(path)
    for name in ("call.wav", "hard-call.wav.wav", "link-.wav.wav"):
        assert "is the input itself" in complaint("compress", recording, "-f", "-o", tmp_path / name)
    for name in ("hard-call.spz.wav", "link-.spz.wav"):
        assert "is the input itself" in complaint("decompress", payload, "-f", "-o", tmp_path / name)
    with open(recording, "rb") as stdin:
        done = subprocess.run(
            [*SPEECHZIP, "compress", "-", "-f", "-o", str(recording)], stdin=stdin, capture_output=True, check=False
        )
    assert b"is the input itself" in done.stderr
    assert recording.read_bytes() == call.read_bytes()
    assert payload.read_bytes() == compressed[0].read_bytes()


@pytest.mark.skipif(sys.platform == "darwin", reason="every name is UTF-8 there")
def test_a_name_that_is_not_utf8(call: Path, compressed: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    recording = os.fsencode(tmp_path) + b"/caf\xe9 \x1b[31m.wav"
    Path(os.fsdecode(recording)).write_bytes(call.read_bytes())
    payload = recording.replace(b".wav", b".spz")
    shown = str(tmp_path) + r"/caf\xe9 \x1b[31m"

    def told(*arguments: str | bytes, code: int = 0) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run([*SPEECHZIP, *arguments], capture_output=True, check=False)
        assert done.returncode == code, done.stderr
        assert b"\x1b" not in done.stdout + done.stderr
        (done.stdout + done.stderr).decode()  # all of it is UTF-8
        return done

    summary = json.loads(told("compress", recording, *QUICK, "--json").stdout)
    assert (summary["input"], summary["output"]) == (f"{shown}.wav", f"{shown}.spz")
    with open(payload, "rb") as file:
        assert file.read() == compressed[0].read_bytes()
    assert f"{shown}.spz already exists" in told("compress", recording, code=1).stderr.decode()
    assert f"{shown}.spz -> {shown}.decoded.wav" in told("decompress", payload).stdout.decode()
    assert b"Ever tried" in told("inspect", payload).stdout
    assert f"{shown}.wav.wav cannot be read" in told("compress", recording + b".wav", code=1).stderr.decode()
    assert f"{shown}.spz.spz cannot be read" in told("inspect", payload + b".spz", code=1).stderr.decode()


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3"])
def test_other_sound_formats(compressed: tuple[Path, dict[str, Any]], tmp_path: Path, suffix: str) -> None:
    run("decompress", compressed[0], "-o", tmp_path / f"call{suffix}", "-q")
    assert len(soundfile.read(str(tmp_path / f"call{suffix}"), dtype="float32")[0]) > 16000


def test_never_overwrites(call: Path, compressed: tuple[Path, dict[str, Any]]) -> None:
    before = compressed[0].read_bytes()
    assert "--force" in complaint("compress", call)
    run("compress", call, *QUICK, "--force", "--channels", "mix")
    assert compressed[0].read_bytes() != before
    compressed[0].write_bytes(before)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"this is a poem", "not audio"),
        (b"RIFF\x00\x00\x00\x00WAVE", "not audio"),
        (bytes(9000), "not audio"),
    ],
)
def test_rubbish_in(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "rubbish.wav"
    path.write_bytes(content)
    assert message in complaint("compress", path)
    assert os.listdir(tmp_path) == ["rubbish.wav"]


def test_cut_recording(tmp_path: Path, call: Path) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(call.read_bytes()[:200_000])
    assert "cut short" in complaint("compress", path)
    assert os.listdir(tmp_path) == ["cut.wav"]


def test_no_speech(tmp_path: Path) -> None:
    soundfile.write(str(tmp_path / "quiet.wav"), np.zeros(32000, np.float32), 16000)
    assert "no speech found" in complaint("compress", tmp_path / "quiet.wav")
    assert os.listdir(tmp_path) == ["quiet.wav"]


def test_missing_and_unwritable(call: Path, tmp_path: Path) -> None:
    assert "No such file" in complaint("compress", tmp_path / "missing.wav")
    for folder in (".", "..", "/", tmp_path):
        assert "is a folder" in complaint("compress", folder)
        assert "directory" in complaint("decompress", folder)
    assert "does not exist" in complaint("compress", call, "-o", tmp_path / "no" / "where.spz")
    assert "choose one of" in complaint("decompress", tmp_path / "x.spz", "-o", tmp_path / "x.docx")
    assert "--channels split" in complaint("compress", "-", "-o", "-", "--channels", "split", stdin=_mono_wav(tmp_path))


def _mono_wav(folder: Path) -> bytes:
    soundfile.write(str(folder / "mono.wav"), np.zeros(16000, np.float32), 16000)
    return (folder / "mono.wav").read_bytes()


@pytest.mark.parametrize("command", ["decompress", "inspect"])
def test_damaged_payloads(compressed: tuple[Path, dict[str, Any]], tmp_path: Path, command: str) -> None:
    whole = compressed[0].read_bytes()
    for content, message in [
        (b"", "empty"),
        (whole[: len(whole) // 2], "damaged or cut short"),
        (bytes([whole[0], whole[1] ^ 1]) + whole[2:], "checksum"),
        (bytes([0xA9]) + whole[1:], "upgrade speechzip"),
        (b"not a payload at all", "not a speechzip payload"),
    ]:
        path = tmp_path / "bad.spz"
        path.write_bytes(content)
        assert message in complaint(command, path)
        assert os.listdir(tmp_path) == ["bad.spz"]


def test_wrong_usage_exits_with_two() -> None:
    assert b"No such command" in run("conpress", code=2).stderr
    code, _, errors = run_in_process("compress")
    assert code == 2
    assert "Missing argument" in errors
    code, out, errors = run_in_process()
    assert code == 2
    assert "Usage" in out + errors
    assert run("--version").stdout.startswith(b"speechzip 0.")
    for command in ("compress", "decompress", "inspect"):
        assert "Example" in run_in_process(command, "--help")[1]


@pytest.mark.usefixtures("without_nohup")
@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_leaves_nothing(tmp_path: Path, wheel_recording: WheelRecording, interrupt: signal.Signals) -> None:
    process = subprocess.Popen(
        [*SPEECHZIP, "compress", str(wheel_recording("two_cities.wav")), "-o", str(tmp_path / "out.spz")],
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not os.listdir(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert os.listdir(tmp_path)  # the temporary file: the work has begun
    process.send_signal(interrupt)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + interrupt
    assert b"Traceback" not in stderr
    assert os.listdir(tmp_path) == []


def test_text_cannot_steer_the_terminal(tmp_path: Path) -> None:
    from speechzip.pipeline import TEXT_CODERS, Payload, Speaker, Utterance, Voice, encode_payload

    evil = Payload((Speaker(Voice("classical", b"x")),), (Utterance(0, 1, 0, "\x1b[2J\x07Hi"),), 1.0)
    path = tmp_path / "evil.spz"
    path.write_bytes(encode_payload(evil, TEXT_CODERS[1]))
    assert b"\x1b" not in run("inspect", path).stdout
    assert read_payload(path).payload.utterances[0].text == "\x1b[2J\x07Hi"


def test_the_number_of_speakers_and_its_older_name(tmp_path: Path, wheel_recording: WheelRecording) -> None:
    source = wheel_recording("beckett.wav")
    new = run("compress", source, *QUICK, "-o", tmp_path / "new.spz", "--speaker-count", 2, "--quiet")
    old = run("compress", source, *QUICK, "-o", tmp_path / "old.spz", "--speakers", 2, "--quiet")
    assert new.stderr == b""
    assert old.stderr == b"speechzip: --speakers is called --speaker-count now\n"
    assert (tmp_path / "new.spz").read_bytes() == (tmp_path / "old.spz").read_bytes()
    assert run("compress", source, *QUICK, "-o", tmp_path / "auto.spz", "--speakers", "auto", "--quiet").stdout == b""
    assert b"--speakers" not in run("compress", "--help").stdout
    assert b"'two' is not a number" in run("compress", source, "--speaker-count", "two", code=2).stderr


@pytest.mark.usefixtures("without_nohup")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_inside_a_destructor_ends_it_too(number: signal.Signals) -> None:
    # Python drops what is raised there, so that the first exit is lost.
    script = (
        "import signal, sys, time\n"
        "from speechzip.pipeline import cli\n"
        "class Dying:\n"
        f"    def __del__(self): signal.raise_signal({int(number)}); time.sleep(0.1)\n"
        "@cli.app.command()\n"
        "def wait():\n"
        "    Dying()\n"
        "    time.sleep(60)\n"
        "sys.argv[1:] = ['wait']\n"
        "cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=50)
    assert (done.returncode, done.stderr) == (128 + number, b"")


@pytest.mark.parametrize(
    ("arguments", "added"),
    [(["inspect", "call.spz"], 0), (["compress"], 0), (["voices", "list"], 1), (["--help"], 1), ([], 1)],
)
def test_commands_from_elsewhere_are_loaded_only_where_one_may_be_meant(
    arguments: list[str], added: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps: list[object] = []

    class Entry:
        def load(self) -> Callable[[object], None]:
            return apps.append

    def entry_points(group: str) -> list[Entry]:
        return [Entry()] if group == "speechzip.commands" else []

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    cli.add_commands(arguments)
    assert apps == [cli.app] * added


INTERRUPTED = """
import importlib.abc, os, signal, sys
from speechzip.pipeline.entry import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # the tests may run where Ctrl-C is ignored

class Interrupt(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "speechzip.pipeline.cli":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
main()
"""


@pytest.mark.processes
def test_an_interrupt_while_modules_are_imported_says_nothing() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED, "--help"], capture_output=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")
