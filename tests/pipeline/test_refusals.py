"""What the command line refuses before it works: no models."""

from __future__ import annotations

from pathlib import Path

import pytest
from in_process import run_in_process


def complaint(*arguments: object) -> str:
    """Return the one line of an error."""
    code, out, errors = run_in_process(*arguments)
    assert (code, out) == (1, ""), errors
    (line,) = errors.splitlines()
    return line


@pytest.mark.parametrize("options", [(), ("-f",)])
@pytest.mark.parametrize("output", ["t.json", "../{}/t.json", "link.json"])
def test_one_file_is_not_both_payload_and_transcript(tmp_path: Path, output: str, options: tuple[str, ...]) -> None:
    recording, target = tmp_path / "good.wav", tmp_path / output.format(tmp_path.name)
    recording.write_bytes(b"not even a recording")
    (tmp_path / "link.json").symlink_to("t.json")
    told = complaint("compress", recording, "-o", target, "--export", "json", *options)
    assert "is to be both payload and transcript" in told
    assert not (tmp_path / "t.json").exists()


@pytest.mark.parametrize("command", [("talk", "127.0.0.1:1"), ("listen", "--port", "0")])
def test_a_missing_recording_is_told_before_anybody_is_called(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert "missing.wav cannot be read: No such file" in complaint(*command, "--input", tmp_path / "missing.wav")
    (tmp_path / "letter.wav").write_text("Dear Anna,")
    assert "letter.wav is not audio" in complaint(*command, "--input", tmp_path / "letter.wav")


@pytest.mark.parametrize("arguments", [("enroll", "Anna", "-"), ("import", "-")])
def test_voices_do_not_come_from_standard_input(arguments: tuple[str, ...]) -> None:
    assert "not from standard input; save" in complaint("voices", *arguments)


@pytest.mark.parametrize("command", ["compress", "decompress"])
def test_a_name_that_is_too_long_is_told(command: str, tmp_path: Path) -> None:
    name = tmp_path / ("a" * 300 + ".wav")
    assert "a.wav cannot be read: File name too long" in complaint(command, name)
    assert "a.wav cannot be read: File name too long" in complaint(command, name, "-o", tmp_path / "out.wav")
