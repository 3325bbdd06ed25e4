from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from speechzip.pipeline import OutputError, atomic_file, check_writable


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


@pytest.mark.parametrize("module", ["speechzip.pipeline.system.atomic.BufferedRandom", "fcntl.flock"])
def test_interrupted_while_the_file_is_being_made(tmp_path: Path, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        assert os.listdir(tmp_path)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, interrupt)
    with pytest.raises(KeyboardInterrupt), atomic_file(tmp_path / "out"):
        pass
    assert os.listdir(tmp_path) == []


def test_never_overwrites_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "call.spz"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match="already exists"), atomic_file(path):
        pass
    assert path.read_bytes() == b"old"
    with atomic_file(path, force=True) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_somebody_was_faster(tmp_path: Path) -> None:
    path = tmp_path / "call.spz"
    with pytest.raises(OutputError, match="already exists"), atomic_file(path) as file:
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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_disk_that_is_full_before_the_end(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(OutputError, match="full cannot be written"), atomic_file(tmp_path / "full") as file:
        file.write(b"x" * 100_000)
        raise AssertionError("the error comes from the write")


def test_an_input_that_cannot_be_read_is_not_told_of_the_output(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.wav"), atomic_file(tmp_path / "call.spz"):
        (tmp_path / "missing.wav").read_bytes()
    assert os.listdir(tmp_path) == []


def test_a_link_stays_and_what_it_points_to_is_written(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "call.spz").write_bytes(b"old")
    link = tmp_path / "link.spz"
    link.symlink_to(there / "call.spz")
    with pytest.raises(OutputError, match="already exists"), atomic_file(link):
        pass
    with atomic_file(link, force=True) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert (there / "call.spz").read_bytes() == b"new"
    link.unlink()
    link.symlink_to("there/new.spz")  # points to nothing yet
    with atomic_file(link) as file:
        file.write(b"first")
    assert (there / "new.spz").read_bytes() == b"first"
    assert link.is_symlink()
    assert sorted(os.listdir(there)) == ["call.spz", "new.spz"]
    link.unlink()
    link.symlink_to("no/where.spz")
    with pytest.raises(OutputError, match="does not exist"), atomic_file(link):
        pass
    link.unlink()
    link.symlink_to(link)
    with pytest.raises(OutputError, match="cannot be written"), atomic_file(link, force=True):
        pass


def test_the_input_is_never_the_output(tmp_path: Path) -> None:
    recording = tmp_path / "call.wav"
    recording.write_bytes(b"the only copy")
    (tmp_path / "link.wav").symlink_to(recording)
    os.link(recording, tmp_path / "hard.wav")
    (tmp_path / "other.wav").write_bytes(b"another")
    with open(recording, "rb") as opened:
        for name in ("call.wav", "link.wav", "hard.wav", "../" + tmp_path.name + "/call.wav"):
            for source in (recording, str(recording), opened):
                with pytest.raises(OutputError, match="is the input itself"):
                    check_writable(tmp_path / name, force=True, inputs=[source])
                with (
                    pytest.raises(OutputError, match="is the input itself"),
                    atomic_file(tmp_path / name, force=True, inputs=[source]) as file,
                ):
                    file.write(b"lost")
        with atomic_file(tmp_path / "other.wav", force=True, inputs=[recording, opened, io.BytesIO()]) as file:
            file.write(b"new")
    with atomic_file(Path(os.devnull), force=True, inputs=[Path(os.devnull)]) as file:
        file.write(b"a device cannot be lost")
    assert recording.read_bytes() == b"the only copy"
    assert (tmp_path / "other.wav").read_bytes() == b"new"


@pytest.mark.parametrize("name", ["n" * 255, "ü" * 127, "n" * 251 + ".spz"])
def test_the_longest_names(tmp_path: Path, name: str) -> None:
    with atomic_file(tmp_path / name) as file:
        file.write(b"words")
    assert os.listdir(tmp_path) == [name]


def test_names_that_are_too_long(tmp_path: Path) -> None:
    for name in ("n" * 256, "n" * 5000):
        with pytest.raises(OutputError, match="File name too long"), atomic_file(tmp_path / name):
            pass
        with pytest.raises(OutputError, match="File name too long"):
            check_writable(tmp_path / name, force=False)
    assert os.listdir(tmp_path) == []


WRITER = """
import sys
from pathlib import Path
from speechzip.pipeline import atomic_file
with atomic_file(Path(sys.argv[1])) as file:
    file.write(b"half of the wo")
    file.flush()
    print("writing", flush=True)
    sys.stdin.read()
"""


def _writer(path: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"writing\n"
    return process


def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".speechzip-0123abcd.part.txt").write_bytes(b"mine")
    (tmp_path / ".call.wav.0123abcd.part").write_bytes(b"another program's")
    os.mkfifo(tmp_path / ".speechzip-00000000.part")
    (tmp_path / ".speechzip-11111111.part").symlink_to(tmp_path / ".call.wav.0123abcd.part")
    (tmp_path / ".speechzip-22222222.part").mkdir()
    others = set(os.listdir(tmp_path))
    living, killed = _writer(tmp_path / "living.spz"), _writer(tmp_path / "killed.spz")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert len(set(os.listdir(tmp_path)) - others) == 2
    with atomic_file(tmp_path / "new.spz") as file:
        file.write(b"words")
    assert len(set(os.listdir(tmp_path)) - others - {"new.spz"}) == 1  # its writer lives
    living.communicate(b"")
    assert living.returncode == 0
    assert set(os.listdir(tmp_path)) - others == {"new.spz", "living.spz"}
    assert (tmp_path / "living.spz").read_bytes() == b"half of the wo"


def test_of_two_writers_at_once_one_is_told(tmp_path: Path) -> None:
    writers = [_writer(tmp_path / "call.spz") for _ in range(4)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()
    assert sorted(writer.wait() for writer in writers) == [0, 1, 1, 1]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.close()
    assert os.listdir(tmp_path) == ["call.spz"]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
