from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
import speechzip.eval
import speechzip.pipeline
import speechzip.voices
from fakes import GOLDEN
from speechzip.pipeline import EngineError, engine_names, load_engine

WITH_EXTRAS = (
    "speechzip.pipeline.recognizers.faster_whisper",
    "speechzip.pipeline.recognizers.whisper",
    "speechzip.voices.clip.pocket",
    "speechzip.voices.clip.xtts",
    "speechzip.voices.hibari",
)
"""These import what only the extras install; tests/engines has them."""
MODULES = [
    module.name
    for package in (speechzip.pipeline, speechzip.voices, speechzip.eval)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if module.name not in WITH_EXTRAS and ".training" not in module.name  # tests/engines has training, too
]


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_bare_names_are_never_imported() -> None:
    code = f"""
import importlib, sys
for name in {MODULES!r}:
    importlib.import_module(name)
print([name for name in sys.modules if name.split(".")[0] in ("pipeline", "voices", "eval")])
"""
    assert run_python(code).strip() == "[]"


def test_command_line_loads_no_engine() -> None:
    code = "import sys, speechzip.pipeline.cli; print(sorted({'numpy', 'onnxruntime', 'soundfile'} & set(sys.modules)))"
    assert run_python(code).strip() == "[]"


def test_inspect_loads_no_engine_and_nothing_for_sound(tmp_path: Path) -> None:
    path = tmp_path / "golden.spz"
    path.write_bytes(bytes.fromhex((GOLDEN / "two-channels.hex").read_text()))
    code = f"""
import sys
from contextlib import suppress
from speechzip.pipeline.cli import main
sys.argv = ["speechzip", "inspect", {str(path)!r}]
with suppress(SystemExit):
    main()
engines = ("speechzip.pipeline.recognizers", "speechzip.pipeline.segments", "speechzip.voices.trained")
print("loaded", [name for name in sys.modules if name in ("soundfile", "soxr", "pydantic") or name.startswith(engines)])
"""
    assert run_python(code).splitlines()[-1] == "loaded []"


def test_pipeline_never_imports_voices_or_eval() -> None:
    code = """
import sys
from speechzip.pipeline import *
print([name for name in sys.modules if name.startswith(("speechzip.voices", "speechzip.eval"))])
"""
    assert run_python(code).strip() == "[]"


def test_every_exported_name_is_there() -> None:
    for package in (speechzip.pipeline, speechzip.voices, speechzip.eval):
        assert package.__all__
        for name in package.__all__:
            assert hasattr(package, name)


@pytest.mark.models
@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS).failed == 0


def test_unknown_engine() -> None:
    with pytest.raises(EngineError, match=r"installed: .*moonshine"):
        load_engine("recognizer", "telepathy")
    assert "espeak" in engine_names("synthesizer")
    assert load_engine("voice_encoder").space in load_engine("synthesizer").spaces
