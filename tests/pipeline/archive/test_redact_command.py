"""The command ``redact``: which file it writes, and what it refuses."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from archive_engines import COMMAND
from in_process import run_in_process
from speechzip.pipeline import Payload, Speaker, Utterance, VoiceReference, encode_payload, read_payload
from speechzip.pipeline.textcoder.registry import DEFAULT_ID, TEXT_CODERS

SAID = "Mail jo at gmail dot com."


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPEECHZIP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    payload = Payload((Speaker(VoiceReference(1)),), (Utterance(0.0, 4.0, 0, SAID),), 4.0)
    (folder / "call.spz").write_bytes(encode_payload(payload, TEXT_CODERS[DEFAULT_ID]))
    return folder


def text_of(payload: Path | bytes) -> str:
    return read_payload(payload).payload.utterances[0].text


def test_an_archive_is_only_redacted_in_place(archive: Path, tmp_path: Path) -> None:
    code, _, err = run_in_process("redact", archive, "--kinds", "email", "-o", tmp_path / "copy")
    assert code == 1
    assert "an archive is changed in place; leave out --output, or copy it first" in err
    assert text_of(archive / "call.spz") == SAID
    assert run_in_process("redact", archive, "--kinds", "email")[0] == 0
    assert text_of(archive / "call.spz") == "Mail [email]."


def test_a_folder_that_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, out, err = run_in_process("redact", tmp_path / "empty", "--kinds", "email")
    assert (code, out) == (1, "")
    assert "is not an archive" in err
    assert list((tmp_path / "empty").iterdir()) == []


def test_damaged_payloads_are_told_by_the_exit_status(archive: Path) -> None:
    (archive / "bad.spz").write_bytes(b"rubbish")
    code, _, err = run_in_process("redact", archive, "--kinds", "email")
    assert code == 1
    assert "bad.spz is left as it is" in err
    assert text_of(archive / "call.spz") == "Mail [email]."


def test_a_payload_may_have_any_name(archive: Path) -> None:
    (archive / "call.spz").rename(archive / "call")
    code, _, err = run_in_process("redact", archive / "call", "--kinds", "email")
    assert code == 0, err
    assert text_of(archive / "call.redacted.spz") == "Mail [email]."
    assert run_in_process("redact", archive / "gone", "--kinds", "email")[0] == 1


def test_the_input_is_not_overwritten_by_another_name(archive: Path) -> None:
    call = archive / "call.spz"
    for source, target in ((f"file://{call}", call), (call, archive / ".." / "archive" / "call.spz")):
        code, _, err = run_in_process("redact", source, "--kinds", "email", "-o", target, "--force")
        assert code == 1
        assert "is the input itself" in err
    assert text_of(call) == SAID
    assert run_in_process("redact", f"file://{call}", "--kinds", "email")[0] == 0
    assert text_of(archive / "call.redacted.spz") == "Mail [email]."


@pytest.mark.processes
def test_dashes_are_standard_input_and_output(archive: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "redact", "-", "--kinds", "email", "-o", "-"],
        input=(archive / "call.spz").read_bytes(),
        capture_output=True,
        check=False,
        cwd=archive,
    )
    assert done.returncode == 0, done.stderr
    assert text_of(done.stdout) == "Mail [email]."
    assert b"1 email redacted" in done.stderr
    assert [path.name for path in archive.iterdir()] == ["call.spz"]


def test_cached_speech_is_removed(archive: Path, cache: Path) -> None:
    (cache / "speech").mkdir(parents=True)
    (cache / "speech" / "old.wav").touch()
    assert run_in_process("redact", archive, "--kinds", "email")[0] == 0
    assert not (cache / "speech").exists()
