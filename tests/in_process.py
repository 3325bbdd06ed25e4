"""The command line inside of the test's own process, for errors: a new process takes most of a second to start.

Signals, pipes and exit codes of a real process are tested in real processes (`tests/pipeline/test_cli.py`).
"""

from __future__ import annotations

import io
import signal
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from unittest.mock import patch

from speechzip.pipeline import cli

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGHUP)
QUICK = ("--voice-encoder", "trained:quick")
"""Options of commands that compress, in tests whose assertions do not depend on voices: fitting one takes seconds."""


def run_in_process(*arguments: object) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of ``speechzip ARGUMENTS`` without a standard input."""
    buffers = [io.BytesIO(), io.BytesIO()]
    streams = [io.TextIOWrapper(buffer, encoding="utf-8") for buffer in buffers]
    code = 0
    with unchanged_process(), patch("sys.stdout", streams[0]), patch("sys.stderr", streams[1]):
        with patch("sys.argv", ["speechzip", *map(str, arguments)]):
            try:
                cli.main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
        for stream in streams:
            stream.flush()
    out, err = (buffer.getvalue().decode() for buffer in buffers)
    return code, out, err


@contextmanager
def unchanged_process() -> Generator[None]:
    """Undo the changes of `main`: signal handlers, hooks, and the commands that plug-ins add to the app."""
    handlers = [(number, signal.getsignal(number)) for number in SIGNALS]
    hook, show = sys.unraisablehook, warnings.showwarning
    commands, groups = list(cli.app.registered_commands), list(cli.app.registered_groups)
    try:
        yield
    finally:
        for number, handler in handlers:
            signal.signal(number, handler)
        sys.unraisablehook, warnings.showwarning = hook, show
        cli.app.registered_commands, cli.app.registered_groups = commands, groups
