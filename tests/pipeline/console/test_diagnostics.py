"""Errors in the library's words and in the command line's, the log, and the chain of causes."""

from __future__ import annotations

import ast
import logging
import pickle
import re
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import speechzip.pipeline.cli as command_line
from speechzip.pipeline import EngineError, OutputError, SpeechzipError, atomic_file
from speechzip.pipeline.console.diagnostics import HINTS, explain, show_log
from speechzip.pipeline.errors import Remedy
from typer.main import get_command

ROOT = Path(__file__).parents[3]
SPEAKS_OF_OPTIONS = (
    "cli.py", "commands.py", "commands/", "diagnostics.py", "__main__.py", "bench/", "training/", "/options.py",
    "terminal.py", "x_vector_mean.py", "eval/radio/", "links/transfer.py",
)  # fmt: skip
"""The command line itself, programs of their own, and what writes command lines for people to copy."""
OPTION = re.compile(r"(?<![\w-])--(?!force-reinstall|no-deps|ignore-length|upgrade)[a-z][a-z-]+")


def library_texts() -> Iterator[tuple[Path, str]]:
    """Yield every text in the library that is no docstring."""
    for folder in ("pipeline", "voices", "eval"):
        for path in (ROOT / folder).rglob("*.py"):
            if any(part in path.as_posix() for part in SPEAKS_OF_OPTIONS):
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
                    yield path, node.value


def test_the_library_never_speaks_of_options() -> None:
    assert {f"{path.relative_to(ROOT)}: {text}" for path, text in library_texts() if OPTION.search(text)} == set()


@pytest.mark.usefixtures("_process_as_before")
def test_every_remedy_is_an_option_that_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(HINTS) == set(get_args(Remedy))
    monkeypatch.setattr("sys.argv", ["speechzip", "--version"])
    with pytest.raises(SystemExit):
        command_line.main()  # adds the commands of all rooms
    capsys.readouterr()

    def options(command: Any) -> Iterator[str]:  # of typer's own copy of click, which has no types
        for parameter in command.params:
            yield from parameter.opts
        for below in getattr(command, "commands", {}).values():
            yield from options(below)

    known = set(options(get_command(command_line.app)))
    for hint in HINTS.values():
        assert set(OPTION.findall(hint)) <= known, hint


def test_an_error_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "x.spz"
    path.touch()
    with pytest.raises(OutputError) as caught, atomic_file(path):
        pass
    assert str(caught.value) == f"{path} already exists"
    assert explain(caught.value) == (
        f"{path} already exists; give --force to overwrite or name another file with --output"
    )
    again = pickle.loads(pickle.dumps(caught.value))  # as it comes from a process of its own
    assert (str(again), again.remedies) == (str(caught.value), caught.value.remedies)
    assert explain(SpeechzipError("that is all")) == "that is all"


@pytest.fixture
def _process_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what the command line sets for its whole process."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    log = logging.getLogger("speechzip")
    handlers, level = log.handlers, log.level
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    log.handlers = handlers
    log.setLevel(level)
    for number, handler in signals.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_process_as_before")
def test_the_log_is_silent_until_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("speechzip.test")
    logger.warning("nobody hears this")
    assert capsys.readouterr().err == ""
    show_log()
    show_log()
    logger.debug("a name \x1b[31m\u202e")
    try:
        raise EngineError("no\x1b[2J sound") from ValueError("the cause")
    except EngineError:
        logger.debug("why:", exc_info=True)
    shown = capsys.readouterr().err
    assert shown.count("speechzip.test: a name \ufffd[31m\ufffd\n") == 1
    assert "\x1b" not in shown
    assert shown.index("ValueError: the cause") < shown.index("direct cause") < shown.index("EngineError: no\ufffd[2J")


@pytest.mark.usefixtures("_process_as_before")
@pytest.mark.parametrize(("arguments", "variable"), [([], ""), (["--debug"], ""), ([], "1")])
def test_the_command_line_shows_the_causes_on_request(
    arguments: list[str],
    variable: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SPEECHZIP_DEBUG", variable)
    monkeypatch.setattr("sys.argv", ["speechzip", *arguments, "inspect", str(tmp_path / "missing.spz")])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 1
    *causes, last = capsys.readouterr().err.splitlines()
    assert last.startswith("speechzip: ")
    assert "No such file or directory" in last
    if arguments or variable:
        assert any("FileNotFoundError" in line for line in causes)
        assert any("PayloadError" in line for line in causes)
    else:
        assert causes == []
