from __future__ import annotations

import os
from pathlib import Path

import pytest
from speechzip.pipeline import OutputError, atomic_file


def test_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "call.spz"
    with atomic_file(path) as file:
        file.write(b"words")
        assert not path.exists()
    assert path.read_bytes() == b"words"
    assert os.listdir(tmp_path) == ["call.spz"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_or_not_at_all(tmp_path: Path, interruption: type[BaseException]) -> None:
    with pytest.raises(interruption), atomic_file(tmp_path / "call.spz") as file:
        file.write(b"half of the wo")
        raise interruption
    assert os.listdir(tmp_path) == []


def test_never_overwrites_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "call.spz"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match="--force"), atomic_file(path):
        pass
    assert path.read_bytes() == b"old"
    with atomic_file(path, force=True) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_somebody_was_faster(tmp_path: Path) -> None:
    path = tmp_path / "call.spz"
    with pytest.raises(OutputError, match="exists already"), atomic_file(path) as file:
        file.write(b"mine")
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["call.spz"]


def test_devices_are_written_to_and_not_replaced() -> None:
    with atomic_file(Path(os.devnull), force=True) as file:
        file.write(b"gone")
    assert not Path(os.devnull).is_file()


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"), atomic_file(tmp_path / "no" / "call.spz"):
        pass
    with pytest.raises(OutputError, match="is a folder"), atomic_file(tmp_path):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_full_disk() -> None:
    with pytest.raises(OutputError, match="No space left"), atomic_file(Path("/dev/full"), force=True) as file:
        file.write(b"x" * 100_000)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
