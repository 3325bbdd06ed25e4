"""Files of an archive in a folder: what is in the way, what cannot be read, and what vanishes meanwhile."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from speechzip.pipeline import InputError
from speechzip.pipeline.archive.lock import locked
from speechzip.pipeline.archive.rows import Journal, Row, compact, latest_rows, read_rows
from speechzip.pipeline.archive.stores import LocalStore

NOBODY = 65534


@contextmanager
def forbidden(folder: Path) -> Generator[None]:
    """Take the rights to a folder from everybody; root reads it all the same, so be nobody meanwhile."""
    folder.chmod(0)
    is_root = os.geteuid() == 0
    try:
        if is_root:
            os.seteuid(NOBODY)
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.fixture
def open_folder() -> Generator[Path]:
    """A folder that other users may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def add_row(store: LocalStore, row: Row) -> None:
    with locked(store) as lock:
        journal = Journal(store, lock)
        journal.add(row)
        journal.close()


def test_only_regular_files_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.spz").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe.spz")
    (tmp_path / ".speechzip" / "rows").mkdir(parents=True)
    os.mkfifo(tmp_path / ".speechzip" / "rows" / "pipe.jsonl")
    assert [file.name for file in LocalStore(tmp_path).files()] == ["a.spz"]
    assert LocalStore(tmp_path).state_files("rows") == []
    with pytest.raises(InputError, match="a folder or the like"):
        LocalStore(tmp_path).write("pipe.spz", b"")


@pytest.mark.parametrize("name", ["calls", ".speechzip/rows"])
def test_a_folder_that_cannot_be_read_is_told(open_folder: Path, name: str) -> None:
    (open_folder / name).mkdir(parents=True)
    store = LocalStore(open_folder)
    with forbidden(open_folder / name), pytest.raises(InputError, match=rf"{name} cannot be read: Permission denied"):
        _ = (list(store.files()) and store.state_files("rows")) or store.state_files("rows")


def test_segments_that_are_merged_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(tmp_path)
    for number in range(20):
        add_row(store, Row("a.wav", "/a.wav", number, 0.0))
        add_row(store, Row(f"{number}.wav", "/b.wav", 1, 0.0))
    rows = read_rows(store)
    first = next(rows)
    compact(store)
    found = {row.name: row for row in [first, *rows]}
    assert len(found) == 21
    assert found["a.wav"].size == 19
    listed = os.listdir(tmp_path / ".speechzip" / "rows")

    def list_too_much(path: Path) -> list[str]:
        return [*listed, "gone.jsonl"]

    monkeypatch.setattr(os, "listdir", list_too_much)
    assert len(store.state_files("rows")) == len(listed)


def test_a_clock_that_was_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(tmp_path)
    add_row(store, Row("a.wav", "/a.wav", 0, 0.0))
    monkeypatch.setattr(time, "time_ns", lambda: 5)
    for number in range(1, 20):
        add_row(store, Row("a.wav", "/a.wav", number, 0.0))
        assert latest_rows(store)["a.wav"].size == number
    compact(store)
    add_row(store, Row("a.wav", "/a.wav", 20, 0.0))
    assert latest_rows(store)["a.wav"].size == 20
