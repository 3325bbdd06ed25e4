"""Files that appear whole or not at all.

Until a file is complete, it has a temporary name in the same folder, ``.speechzip-1f09a2b3.part``, and its writer holds
a lock on it. A temporary file without a lock belongs to a run that was killed; the next run in that folder removes it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedRandom, BufferedWriter, FileIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_PARTIAL_NAME = re.compile(r"\.speechzip-[0-9a-f]{8}\.part")


def check_writable(path: Path, force: bool, inputs: Sequence[str | Path | BinaryIO] = ()) -> None:
    """Raise the errors of `atomic_file` early, before the work is done.

    Args:
        path: the output file.
        force: whether the output file may be overwritten.
        inputs: the input files, which must not be overwritten under any name.

    Raises:
        OutputError: `path` exists and `force` is not given, it is one of the inputs, or its folder is missing or
            not writable.
    """
    with _told(path):
        _check_writable(path, force, inputs)


@contextmanager
def atomic_file(
    path: Path,
    force: bool = False,
    inputs: Sequence[str | Path | BinaryIO] = (),
    mode: int = 0o666,
    partials: Path | None = None,
) -> Generator[BinaryIO]:
    """Open a file for writing that takes the name `path` only if the block succeeds.

    The file is removed after any error, Ctrl-C included. A device or a pipe is written directly. If `path` is a
    symbolic link, the file that it points to is written, and the link stays.

    Args:
        path: the output file.
        force: whether the output file may be overwritten.
        inputs: as for `check_writable`.
        mode: permissions of the file, less the umask.
        partials: folder for the temporary file, on the same disk; beside `path` if None. Each call looks through
            that folder, which takes long where there are many files.

    Raises:
        OutputError: as `check_writable`, or the disk is full.
    """
    check_writable(path, force, inputs)
    with _told(path):
        is_device = path.exists() and not path.is_file()  # renaming over /dev/null would replace it
        device = BufferedWriter(_ToldFile(path, "wb", path)) if is_device else None
        target = _target(path)
        folder = partials or target.parent
    if device:
        with device:
            yield device
        return
    _remove_abandoned(folder)
    partial = _free_name(folder)
    try:  # begins before the file is made, since a signal may end this anywhere
        with _told(path):
            opened = _open_partial(partial, mode, path)
        with opened as file:
            yield file
            with _told(path):
                file.flush()
                os.fsync(file.fileno())
                _check_writable(path, force, inputs)  # another program may have written it in the meantime
                _take_name(partial, target, force)
    finally:
        partial.unlink(missing_ok=True)


def _check_writable(path: Path, force: bool, inputs: Sequence[str | Path | BinaryIO]) -> None:
    if path.is_dir():
        raise OutputError(f"{path} is a folder, not a file", remedies=("another_file",))
    if any(_is_same_file(path, source) for source in inputs):
        raise OutputError(f"{path} is the input itself and would be lost", remedies=("another_file",))
    if path.exists() and not force and path.is_file():
        raise OutputError(f"{path} already exists", remedies=("force", "another_file"))
    folder = _target(path).parent
    if not folder.is_dir():
        raise OutputError(f"{path} cannot be written: the folder {folder} does not exist; make it first")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise OutputError(f"{path} cannot be written: permission denied", remedies=("another_file",))


def _target(path: Path) -> Path:
    """Return the target of a symbolic link, even if it does not exist; return any other path unchanged."""
    if not path.is_symlink():
        return path
    target = Path(os.path.realpath(path))
    if target.is_symlink():  # it leads back to itself
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return target


@contextmanager
def _told(path: Path) -> Generator[None]:
    """Turn the system's errors about `path` into an `OutputError`."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}; choose another place") from error


class _ToldFile(FileIO):
    """A file whose errors of writing are told as those of the output. Other errors of a block are about its inputs."""

    def __init__(self, file: int | Path, mode: str, path: Path) -> None:
        super().__init__(file, mode)
        self._path = path

    def write(self, data: ReadableBuffer, /) -> int:
        """Write some of `data`; return how many bytes.

        Raises:
            OutputError: it cannot be written.
        """
        with _told(self._path):
            return super().write(data)


def _is_same_file(path: Path, source: str | Path | BinaryIO) -> bool:
    """Tell whether a regular file is read as `source`, under this name, another name or none."""
    try:
        ours = os.stat(path)
        theirs = os.stat(source) if isinstance(source, (str, Path)) else os.fstat(source.fileno())
    except (OSError, ValueError):  # one of them is missing, or lies in memory
        return False
    return stat.S_ISREG(ours.st_mode) and os.path.samestat(ours, theirs)


def _free_name(folder: Path) -> Path:
    """Return a name that no file has: a short one, since the final name may be as long as allowed."""
    while (partial := folder / f".speechzip-{secrets.token_hex(4)}.part").exists():
        pass
    return partial


def _open_partial(partial: Path, mode: int, path: Path) -> BufferedRandom:
    """Return a new locked file, whose errors name `path`."""
    while True:
        with ExitStack() as unless_ours:
            descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            raw = _ToldFile(descriptor, "r+b", path)
            unless_ours.callback(raw.close)
            file = BufferedRandom(raw)
            with suppress(OSError):  # a file system without locks: nobody can lock it there, so nobody removes it
                fcntl.flock(file, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):  # removed by another run, before it was locked
                if os.path.samestat(os.stat(partial), os.fstat(file.fileno())):
                    unless_ours.pop_all()
                    return file


def _take_name(partial: Path, target: Path, force: bool) -> None:
    """Give the finished file its name; without `force`, never replace another file, not even one made just now."""
    if force:
        os.replace(partial, target)
        return
    try:
        os.link(partial, target)
    except FileExistsError:
        raise OutputError(f"{target} already exists: another program wrote it in the meantime") from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES, errno.EMLINK):
            raise
        os.replace(partial, target)  # a file system without hard links, such as FAT


def _remove_abandoned(folder: Path) -> None:
    """Remove the files of killed runs from a folder; files that are being written are locked and stay."""
    with suppress(OSError):
        for entry in os.scandir(folder):
            if _PARTIAL_NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                _remove_if_abandoned(entry.path)


def _remove_if_abandoned(path: str) -> None:
    with suppress(OSError):  # locked by its writer, somebody else's, or gone
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
        finally:
            os.close(descriptor)
