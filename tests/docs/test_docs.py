"""The documentation: its blocks of code run, or are understood by the program; its pages fetch nothing."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer
from speechzip.pipeline.cli import app

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
BLOCK = re.compile(r"(?:<!-- not run: (?P<why>[^\n]+) -->\n)?^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.M | re.S)
INCLUDED = re.compile(r'^--8<-- "(?P<file>[^":]+):(?P<section>\w+)"$', re.M)
BLOCK_S = 300
RECORDINGS = {"call.wav": "beckett.wav", "anna.wav": "two_cities.wav", "calls/2026/monday.wav": "beckett.wav"}
"""File that the blocks use -> recording."""
FETCHED = re.compile(
    r'<(?:script|img|iframe|source)[^>]+src="([^"]+)"|<link[^>]+rel="(?:stylesheet|icon|preconnect)"[^>]+href="([^"]+)"'
)


@dataclass(frozen=True)
class Block:
    """A block of code of a page."""

    language: str
    code: str
    why_not_run: str

    @property
    def is_run(self) -> bool:
        return self.language in ("sh", "python") and not self.why_not_run


def blocks(page: str) -> list[Block]:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert text.count("\n```") == 2 * len(BLOCK.findall(text)), "every block names its language"
    return [
        Block(found["language"], INCLUDED.sub(_included, found["code"]), found["why"] or "")
        for found in BLOCK.finditer(text)
    ]


def _included(found: re.Match[str]) -> str:
    text = (ROOT / found["file"]).read_text(encoding="utf-8")
    start, end = (f"# --8<-- [{word}:{found['section']}]\n" for word in ("start", "end"))
    return text[text.index(start) + len(start) : text.index(end)]


RUN = [page for page in PAGES if any(one.is_run for one in blocks(page))]
NOT_RUN = [page for page in PAGES if any(one.why_not_run for one in blocks(page))]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_run_or_says_why_not(page: str) -> None:
    for block in blocks(page):
        assert block.language in {"sh", "python", "text", "toml"}
        assert not block.why_not_run or block.language == "sh"


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.parametrize("page", RUN)
def test_blocks_run(page: str, tmp_path: Path, wheel_recording: Callable[[str], Path]) -> None:
    for name, recording in RECORDINGS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(wheel_recording(recording), tmp_path / name)
    (tmp_path / "call.txt").write_text("Ever tried?\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(tmp_path / "home"),
        "SPEECHZIP_DATA": str(tmp_path / "data"),
        "SPEECHZIP_CACHE": str(tmp_path / "cache"),
    }
    for block in blocks(page):
        if not block.is_run:
            continue
        code = block.code.replace("7311", port)
        program = ["bash", "-euo", "pipefail", "-c"] if block.language == "sh" else [sys.executable, "-c"]
        ended = subprocess.run(
            [*program, code],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=BLOCK_S,
            check=False,
        )
        assert ended.returncode == 0, f"{code}\n{ended.stdout}\n{ended.stderr}"


def whole_program() -> Any:
    for entry in entry_points(group="speechzip.commands"):
        entry.load()(app)
    return typer.main.get_command(app)


@pytest.mark.parametrize("page", NOT_RUN)
def test_commands_that_are_not_run_are_understood(page: str) -> None:
    program = whole_program()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = set(project["optional-dependencies"])
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for block in blocks(page):
        for line in block.code.splitlines() if block.why_not_run else ():
            words = shlex.split(line)
            if words[0] == "speechzip":
                command, arguments = program, words[1:]
                while hasattr(command, "commands"):
                    command, arguments = command.commands[arguments[0]], arguments[1:]
                command.make_context("speechzip", arguments)  # raises UsageError where it does not understand
            elif words[0] == "make":
                assert set(words[1:]) <= targets
            elif words[:2] == ["pip", "install"]:
                (named,) = re.findall(r"\[([\w,-]+)\]", line)
                assert set(named.split(",")) <= extras
            elif words[:2] == ["python", "-m"]:
                assert _exists(words[2])
            else:
                assert words[0] in {"source", "arecord", "aplay"}


def _exists(module: str) -> bool:
    if not module.startswith("speechzip."):
        return find_spec(module) is not None
    path = ROOT / module.removeprefix("speechzip.").replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__main__.py").exists()


@pytest.mark.slow
@pytest.mark.skipif(find_spec("mkdocs") is None, reason="`make docs` installs mkdocs")
def test_the_pages_build_without_warnings_and_fetch_nothing(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)],
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > len(PAGES)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        fetched = FETCHED.findall(text)
        assert fetched
        assert not [url for found in fetched for url in found if "//" in url]
