"""onnxruntime 1.29 and later queue reports for Microsoft in the user's cache folder; speechzip turns them off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

IMPORTS = (
    "speechzip.pipeline.system.inference",
    "speechzip.pipeline.cli",
    "speechzip.voices.trained.networks",  # imports onnxruntime before anything of speechzip
    "speechzip.eval.metrics.naturalness",
)


def files_after(home: Path, code: str, **variables: str) -> list[str]:
    """Return the files in a new home folder after `code` ran without the variables of CI, which hold reports back."""
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    subprocess.run([sys.executable, "-c", f"{code}; import onnxruntime"], env=environment, check=True)
    return [path.name for path in home.rglob("*") if path.is_file()]


@pytest.mark.processes
@pytest.mark.parametrize("module", IMPORTS)
def test_onnxruntime_reports_nothing(tmp_path: Path, module: str) -> None:
    assert files_after(tmp_path / "home", f"import {module}") == []


@pytest.mark.processes
def test_a_user_who_wants_the_reports_decides() -> None:
    code = "import os, speechzip.pipeline; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    environment = os.environ | {"ORT_DISABLE_TELEMETRY": "0"}
    assert subprocess.check_output([sys.executable, "-c", code], env=environment, text=True) == "0\n"
