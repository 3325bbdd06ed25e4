"""Spooling: keep the content of a pipe, so that it can be read again."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

from ..console.display import shown_name
from ..errors import AudioError

SPOOL_MEMORY = 32 << 20
"""Most bytes kept in memory; more go to a temporary file."""
MAX_SPOOL = 4 << 30
"""Most bytes kept of a pipe: six hours of stereo at 48 kHz."""
CHUNK = 1 << 20


def spool(stream: BinaryIO, name: str) -> BinaryIO:
    """Return all of a stream as a seekable file, which is deleted when it is closed or garbage-collected.

    Raises:
        AudioError: there is more than `MAX_SPOOL`, or no room for it.
    """
    kept = tempfile.SpooledTemporaryFile(SPOOL_MEMORY)  # noqa: SIM115  # the caller's
    size = 0
    try:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > MAX_SPOOL:
                raise AudioError(f"{name} has more than {MAX_SPOOL >> 30} GiB; save it to a file and give its name")
            kept.write(chunk)
    except OSError as error:
        kept.close()
        raise AudioError(
            f"{name} cannot be kept in {tempfile.gettempdir()}: {error.strerror or error}; "
            "save it to a file and give its name"
        ) from error
    except BaseException:
        kept.close()
        raise
    kept.seek(0)
    return cast(BinaryIO, kept)  # it has all of BinaryIO that is used


def spool_unless_file(path: str | Path) -> str | Path | BinaryIO:
    """Return the path of a regular file unchanged, and the content of a pipe as a seekable file.

    Raises:
        AudioError: it cannot be opened; it is a folder, a terminal, or a device that gives no recording.
    """
    name = shown_name(path)
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:  # the latter of what no name may have in it, such as a NUL
        raise AudioError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    try:
        if stat.S_ISDIR(mode):
            raise AudioError(f"{name} is a folder; give an audio file, such as call.wav")
        if stat.S_ISREG(mode):
            return path
        if not stat.S_ISFIFO(mode):
            raise AudioError(f"{name} is neither a file nor a pipe; give an audio file, such as call.wav")
        with open(path, "rb") as stream:
            return spool(stream, name)
    except OSError as error:
        raise AudioError(f"{name} cannot be read: {error.strerror or error}") from error
