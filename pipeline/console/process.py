"""The process around a command: its warnings, its signals and its exit code."""

from __future__ import annotations

import io
import logging
import signal
import sys
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..errors import SpeechzipError, SpeechzipWarning
from .display import shown_name
from .streams import complete_streams, drop_output, print_error

logger = logging.getLogger(__name__)

STOP_AGAIN_S = 0.01
"""How long to wait before stopping again, if Python has dropped the first exit."""


def run(command: Callable[[], object]) -> None:
    """Run a command: exit 0 on success, 1 with one line on standard error, 128 and its number after a signal."""
    warnings.showwarning = _shows_each_once()
    for stream in (sys.stdout, sys.stderr):  # escapes what the stream cannot encode, such as a lone surrogate
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    complete_streams()
    stopped_by: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopped_by.append(number)
        sys.exit(128 + stopped_by[0])  # unwinds, so that temporary files go

    def on_unraisable(lost: sys.UnraisableHookArgs) -> None:
        # Python drops an exception that begins inside a destructor or a callback: stop again once that has returned.
        if isinstance(lost.exc_value, SystemExit) and stopped_by:
            signal.setitimer(signal.ITIMER_REAL, STOP_AGAIN_S)
        else:
            sys.__unraisablehook__(lost)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else it was started with nohup, and stays
        signal.signal(signal.SIGHUP, stop)
    sys.unraisablehook = on_unraisable
    try:
        try:
            command()
        finally:
            sys.stdout.flush()  # as long as an error can be told
    except Exception as error:
        if stopped_by:  # an interrupted import turned the exit into an error of its own
            sys.exit(128 + stopped_by[0])
        if isinstance(error, BrokenPipeError):  # the reader of a pipe is gone, so there is nobody to inform
            drop_output(sys.stdout)
        elif isinstance(error, SpeechzipError):
            from .diagnostics import explain

            logger.debug("this ended the command:", exc_info=True)
            complain(explain(error))
        elif isinstance(error, OSError):  # of a file that none of our modules speaks for, such as on a failing disk
            logger.debug("this ended the command:", exc_info=True)
            complain(f"{error.filename or 'a file'}: {error.strerror or error}")
        else:
            raise
        sys.exit(1)


def complain(message: str) -> None:
    """Print a message on one line of standard error."""
    print_error(f"speechzip: {shown_name(' '.join(message.split()))}")


def _shows_each_once() -> Callable[..., None]:
    """Return what shows our warnings. Python tells one again for each place in the code that leads to it."""
    told: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, SpeechzipWarning) and str(message) not in told:
            told.add(str(message))
            complain(f"warning: {message}")

    return show
