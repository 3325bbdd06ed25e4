"""Standard input, output and error of a command: each is there, and what cannot be written is one error of our own.

A caller may close any of the three, or give a full disk as standard output. Python then has None for a stream, prints
what is meant for a closed standard error to standard output, and ends in a traceback, or in one that it calls ignored.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, TextIO, cast

from ..errors import OutputError


def complete_streams() -> None:
    """Replace closed streams, and let standard output raise `OutputError`.

    A closed standard input is empty, a closed standard output cannot be written, and a closed standard error takes all.
    The replacements get the numbers that the closed ones had, so that no other file takes them.
    """
    for name, flags, mode in (
        ("stdin", os.O_RDONLY, "r"),
        ("stdout", os.O_RDONLY, "w"),  # so writing fails, as it does to other programs
        ("stderr", os.O_WRONLY, "w"),
    ):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, flags)
            os.set_inheritable(descriptor, True)
            stream = open(descriptor, mode, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115  # for ever
            setattr(sys, name, stream)
    if not isinstance(sys.stdout, CheckedOutput):
        sys.stdout = cast(TextIO, CheckedOutput(sys.stdout))


class CheckedOutput:
    """A text stream whose failures are `OutputError`s, except that the reader of a pipe is gone."""

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`; everything but writing is its own."""
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text`; return its length.

        Raises:
            OutputError: it cannot be written.
            BrokenPipeError: nobody reads it.
        """
        with self._told():
            return self._stream.write(text)

    def flush(self) -> None:
        """Write what waits; see `write`."""
        with self._told():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        """Return what the stream has under this name."""
        return getattr(self._stream, name)

    @contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            drop_output(self._stream)
            raise _unwritable(error) from error


@contextmanager
def standard_output() -> Generator[BinaryIO]:
    """Yield standard output for bytes, with a buffer of its own: without one (python -u), a short write goes unnoticed.

    Raises:
        OutputError: it cannot be written.
        BrokenPipeError: nobody reads it.
    """
    sys.stdout.flush()
    try:
        with open(sys.stdout.fileno(), "wb", closefd=False) as stdout:
            yield stdout
    except (BrokenPipeError, OutputError):
        raise
    except OSError as error:
        raise _unwritable(error) from error


def print_error(text: str) -> None:
    """Print `text` on standard error. If that takes nothing, nobody can be told, and the command goes on."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        drop_output(sys.stderr)


def drop_output(stream: TextIO) -> None:
    """Let what waits in a stream vanish, and all that is written to it from now on: Python flushes it at its end."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _unwritable(error: OSError) -> OutputError:
    return OutputError(f"standard output cannot be written: {error.strerror or error}")
