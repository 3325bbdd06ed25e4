"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .errors import OutputError


def check_writable(path: Path, force: bool) -> None:
    """Refuse early what `atomic_file` would refuse after the work is done.

    Raises:
        OutputError: `path` exists and `force` is not given, or its folder is missing or not writable.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file with --output")
    if path.exists() and not force and path.is_file():
        raise OutputError(f"{path} exists already; give --force to overwrite it, or --output for another name")
    if not path.parent.is_dir():
        raise OutputError(f"{path} cannot be written: the folder {path.parent} does not exist; make it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OutputError(f"{path} cannot be written: permission denied; choose another place with --output")


@contextmanager
def atomic_file(path: Path, force: bool = False) -> Generator[BinaryIO]:
    """Open a file for writing that takes the name `path` only when the block ends well.

    Until then it has a temporary name in the same folder, and it is removed when
    anything goes wrong, Ctrl-C included. A device or a pipe is written to directly.

    Raises:
        OutputError: as `check_writable`, or the disk is full.
    """
    check_writable(path, force)
    try:
        if path.exists() and not path.is_file():  # renaming over /dev/null would replace it
            with open(path, "wb") as device:
                yield device
            return
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        try:
            with open(partial, "x+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            check_writable(path, force)  # somebody may have been faster
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}; choose another place") from error
