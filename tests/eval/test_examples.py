from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

PACKAGES = ("bench", "codecs", "corpora", "metrics", "report", "results", "run")
MODULES = [
    module.name
    for name in PACKAGES
    for module in pkgutil.iter_modules(
        importlib.import_module(f"speechzip.eval.{name}").__path__, f"speechzip.eval.{name}."
    )
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_command_line_loads_nothing_of_an_evaluation() -> None:
    code = (
        "import sys, typer, speechzip.eval.commands as commands\n"
        "commands.add_commands(typer.Typer())\n"
        "print(sorted({'numpy', 'jiwer', 'onnxruntime', 'soundfile'} & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"
