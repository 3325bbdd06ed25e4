"""Where a command's bytes go: to a file, or for ``-`` to standard output."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..errors import OutputError
from ..system.atomic import atomic_file
from .streams import standard_output


@contextmanager
def open_output(path: Path, force: bool, inputs: Sequence[str | Path | BinaryIO]) -> Generator[BinaryIO]:
    """Open a file that appears whole if the block succeeds, or not at all; for ``-`` yield standard output.

    Args:
        path: the output.
        force: whether a file may be overwritten.
        inputs: what is read meanwhile and must not be overwritten; see `atomic_file`.

    Raises:
        OutputError: it cannot be written, or is a terminal, which bytes that are no text would garble.
        BrokenPipeError: nobody reads standard output.
    """
    if str(path) != "-":
        with atomic_file(path, force, inputs) as file:
            yield file
        return
    if sys.stdout.isatty():
        raise OutputError(
            "the result is binary and would garble the terminal, unless it is redirected", remedies=("another_file",)
        )
    with standard_output() as stdout:
        yield stdout
