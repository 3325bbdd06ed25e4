"""Standard streams that are closed, full or cut off: real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import GOLDEN
from in_process import run_in_process
from speechzip.pipeline import OutputError, standard_output

pytestmark = pytest.mark.processes

SPEECHZIP = f"'{sys.executable}' -c 'from speechzip.pipeline.cli import main; main()'"
UNWRITABLE = "speechzip: standard output cannot be written: "
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    path = tmp_path / "golden.spz"
    path.write_bytes(bytes.fromhex((GOLDEN / "two-channels.hex").read_text()))
    return path


def shell(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``speechzip COMMAND`` in a shell, with its redirections."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"} | variables
    return subprocess.run(
        ["sh", "-c", f"{SPEECHZIP} {command}"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


@needs_full
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "command", ["inspect {}", "inspect {} --json", "engines", "--help", "--version", "export {} --format srt -o -"]
)
def test_a_full_standard_output_is_one_line(payload: Path, command: str, unbuffered: str) -> None:
    done = shell(f"{command.format(payload)} >/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 1
    assert done.stderr == f"{UNWRITABLE}No space left on device\n"


@pytest.mark.parametrize("command", ["inspect {}", "export {} --format srt -o -", "decompress {} -o -"])
def test_a_closed_standard_output_is_one_line(payload: Path, command: str) -> None:
    done = shell(f"{command.format(payload)} >&-")
    assert done.returncode == 1
    assert done.stderr == f"{UNWRITABLE}Bad file descriptor\n"


def test_a_file_that_is_written_does_not_take_the_place_of_a_closed_stream(payload: Path, tmp_path: Path) -> None:
    done = shell(f"export {payload} --format srt -o {tmp_path}/words.srt <&- >&- 2>&-")
    assert done.returncode == 1  # what was done could not be told
    assert (tmp_path / "words.srt").read_text().startswith("1\n00:00:")


@pytest.mark.parametrize(
    "command", ["compress -", "inspect -", "decompress - -o x.wav", "pack - --for sms", "pack - --plan"]
)
def test_a_closed_standard_input_is_empty(tmp_path: Path, command: str) -> None:
    done = shell(f"{command} <&-")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("speechzip: ")


@needs_full
@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
def test_an_error_that_cannot_be_told_goes_nowhere_else(where: str) -> None:
    done = shell(f"inspect no-such-file {where}")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_a_reader_that_has_gone_is_no_error(payload: Path) -> None:
    done = shell(f"inspect {payload} | true")
    assert done.stderr == ""


def test_the_stream_is_otherwise_as_before(payload: Path) -> None:
    code, out, errors = run_in_process("inspect", payload)
    assert (code, errors) == (0, "")
    assert out.endswith("\n")
    assert shell(f"inspect {payload}").stdout == out


def test_bytes_for_standard_output_follow_its_text(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    print("text", end="")
    with standard_output() as file:
        file.write(b"bytes\xff")
    assert capfdbinary.readouterr().out == b"textbytes\xff"


@needs_full
def test_bytes_that_do_not_fit_are_our_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(OutputError, match="standard output cannot be written: No space"), standard_output() as file:
            file.write(bytes(100))
