"""The Python that README.md shows runs as it stands."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def python_examples(markdown: str) -> list[str]:
    """Return the indented blocks that import speechzip."""
    blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", markdown, re.MULTILINE)
    return [
        textwrap.dedent(block) for block in blocks if re.search(r"^ {4}(from|import) speechzip\b", block, re.MULTILINE)
    ]


@pytest.mark.models
def test_the_examples_in_python(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wheel_recording: Callable[[str], Path],
) -> None:
    shutil.copy(wheel_recording("beckett.wav"), tmp_path / "call.wav")
    monkeypatch.chdir(tmp_path)
    call, archive = python_examples(README.read_text(encoding="utf-8"))
    names: dict[str, object] = {}
    exec(compile(call, str(README), "exec"), names)
    assert "Ever tried" in capsys.readouterr().out
    assert names.keys() >= {"compress", "decompress", "compressed", "audio"}
    exec(compile(archive, str(README), "exec"), names)
    assert (printed := capsys.readouterr().out).startswith("call.wav 0.")
    assert "[tried]" in printed
