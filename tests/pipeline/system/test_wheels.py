from __future__ import annotations

import ast
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from speechzip.pipeline import RECOGNIZER_WHEEL, RECORDINGS, EngineError, package_folder, recognizer_recording

ROOT = Path(__file__).parents[3]


def test_folders_are_found_and_nothing_is_imported() -> None:
    before = set(sys.modules)
    for name in RECORDINGS:
        assert recognizer_recording(name).read_bytes()[:4] == b"RIFF"
    assert "moonshine_voice" not in set(sys.modules) - before


@pytest.mark.parametrize("package", ["no_such_package", "math"])
def test_a_package_that_is_missing_or_has_no_folder(package: str) -> None:
    with pytest.raises(EngineError, match=f"{package} is not installed; run: pip install it"):
        package_folder(package, "pip install it")


def test_the_wheel_is_the_one_that_is_required() -> None:
    assert RECOGNIZER_WHEEL in (requires("speechzip") or [])


def test_no_package_is_looked_for_elsewhere() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for folder in ("pipeline", "voices", "eval")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "submodule_search_locations"
    }
    assert users == {"pipeline/system/wheels.py", "eval/run/digests.py"}  # a digest of a package's files
