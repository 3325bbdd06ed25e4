"""How a command ends: by a signal, by an error of its own or by one of the system."""

from __future__ import annotations

import io
import signal
import sys
import warnings
from collections.abc import Callable
from unittest.mock import patch

import pytest
from in_process import unchanged_process
from speechzip.pipeline import SpeechzipWarning
from speechzip.pipeline.console.process import run


def ended(command: Callable[[], object]) -> tuple[object, str]:
    """Return the exit code and standard error."""
    errors = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with unchanged_process(), patch("sys.stdout", io.StringIO()), patch("sys.stderr", errors):
        with pytest.raises(SystemExit) as end:
            run(command)
        errors.seek(0)
        return end.value.code, errors.read()


@pytest.mark.usefixtures("without_nohup")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_told_by_the_exit_code_alone(number: signal.Signals) -> None:
    assert ended(lambda: signal.raise_signal(number)) == (128 + number, "")


@pytest.mark.parametrize("lost_as", [ImportError("initialization failed"), KeyError("x"), OSError(5, "Input/output")])
def test_a_module_may_turn_a_signal_into_an_error_of_its_own(lost_as: Exception) -> None:
    def interrupted_import() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except SystemExit:
            raise lost_as from None

    assert ended(interrupted_import) == (130, "")


def test_a_warning_is_told_once() -> None:
    def warn() -> None:
        for text in ("damaged", "damaged", "lost"):
            warnings.warn(text, SpeechzipWarning, stacklevel=1)
        sys.exit(0)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        told = ended(warn)
    assert told == (0, "speechzip: warning: damaged\nspeechzip: warning: lost\n")


def test_nohup_is_respected() -> None:
    with unchanged_process():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with patch("sys.stdout", io.StringIO()):
            run(lambda: signal.raise_signal(signal.SIGHUP))


def test_an_error_of_the_system_is_one_line() -> None:
    def read() -> None:
        open("/no/such/file")  # noqa: SIM115  # it cannot be opened

    assert ended(read) == (1, "speechzip: /no/such/file: No such file or directory\n")


def test_other_errors_are_ours_and_show_where() -> None:
    def fail() -> None:
        raise KeyError("a mistake")

    with unchanged_process(), patch("sys.stdout", io.StringIO()), pytest.raises(KeyError):
        run(fail)
