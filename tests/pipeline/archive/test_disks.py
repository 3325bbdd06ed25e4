"""Archives on real file systems that refuse: one mounted read-only, and one that is full."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from archive_engines import COMMAND, write_recordings
from speechzip.pipeline import read_payload
from speechzip.pipeline.archive import Archive, Settings

FAKE = ["--recognizer", "words", "--voice-encoder", "still", "--speaker-count", "1", "--workers", "0"]
MOUNTS = shutil.which("unshare") and not subprocess.run(
    ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
).returncode  # fmt: skip
pytestmark = [
    pytest.mark.skipif(not MOUNTS, reason="only root may mount"),
    pytest.mark.processes,
]


def run(setup: str, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command of speechzip among mounts of its own; `$1` of their script is the folder."""
    script = f'{setup} && shift && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", folder, *COMMAND, *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"'


def test_a_read_only_archive(calls: Path, tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECHZIP_CACHE", str(tmp_path / "cache"))
    archive = tmp_path / "archive"
    with Archive(archive) as opened:
        opened.add([calls], settings=Settings("words", None, "still", speaker_count=1))
    before = {path: path.stat().st_mtime_ns for path in archive.rglob("*")}
    found = run(READ_ONLY, archive, "search", '"ever tried"', archive, "--json")
    assert (found.returncode, len(found.stdout.splitlines())) == (0, 4), found.stderr
    shown = run(READ_ONLY, archive, "export", archive, "--format", "txt", "-o", tmp_path / "out")
    assert shown.returncode == 0, shown.stderr
    for arguments in (["archive", calls, "--to", archive, *FAKE], ["redact", archive, "--kinds", "card"]):
        refused = run(READ_ONLY, archive, *arguments)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "cannot be written: Read-only file system" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    assert {path: path.stat().st_mtime_ns for path in archive.rglob("*")} == before


def test_a_disk_that_gets_full(tmp_path: Path, installed: Path) -> None:
    write_recordings(tmp_path / "calls", [f"{number:02}.wav" for number in range(12)])
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        f'mount -t tmpfs -o size=120k none "$1" && shift && "$@"; code=$?; cp -r {disk} {tmp_path}/left; exit $code'
    )
    command = [*COMMAND, "archive", tmp_path / "calls", "--to", disk, *FAKE]
    full = subprocess.run(
        list(map(str, ["unshare", "--mount", "sh", "-c", script, "sh", disk, *command])),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert full.returncode == 1
    (told,) = full.stderr.splitlines()
    assert re.search(r"cannot be written: .*(No space left on device|disk is full)", told)
    for path in (tmp_path / "left").rglob("*.spz"):
        read_payload(path)


def test_a_disk_that_is_full_already(tmp_path: Path, installed: Path) -> None:
    """Not even the lock's few bytes fit."""
    write_recordings(tmp_path / "calls", ["1.wav"])
    disk = tmp_path / "disk"
    disk.mkdir()
    fill = 'mount -t tmpfs -o size=100k none "$1" && ! head -c 1000000 /dev/zero >"$1/fill" 2>/dev/null'
    done = run(fill, disk, "archive", tmp_path / "calls", "--to", disk, *FAKE)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "cannot be written" in done.stderr
