"""What a stranger gets: an sdist and a wheel, installed where nothing of the repository lies.

Each Python from 3.10 on that this machine has gets a fresh environment, with the versions of requirements/install.txt.
"""

from __future__ import annotations

import email
import functools
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from uv import find_uv_bin

ROOT = Path(__file__).parents[1]
MINORS = (10, 11, 12, 13)
"""The versions of Python that pyproject.toml allows, 3.x."""
MARKS = [pytest.mark.processes, pytest.mark.models]
pytestmark = MARKS

UNREACHED = ("failed to fetch", "dns error", "error sending request")
"""What uv says where no package index can be reached."""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    left, was_there = ROOT / "speechzip.egg-info", (ROOT / "speechzip.egg-info").exists()
    _uv(["build", "--build-constraint", ROOT / "requirements/build.txt", "--out-dir", folder, ROOT], folder)
    if not was_there:  # it would be found before an installation's entry points, and grow old
        shutil.rmtree(left, ignore_errors=True)
    return folder


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment of this Python with the wheel and what it needs."""
    return _install(Path(sys.executable).resolve(), dist, tmp_path_factory.mktemp("installed"))


def test_the_sdist_holds_the_documents_and_the_tests(dist: Path) -> None:
    with tarfile.open(_only(dist, "*.tar.gz")) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode == 0:  # these tests run from an sdist, too
        needed = [name for name in tracked.stdout.splitlines() if not name.startswith(".")]
        assert [name for name in needed if name not in names and (ROOT / name).exists()] == []
    assert {"FORMAT.md", "SECURITY.md", "CHANGELOG.md", "ARCHITECTURE.md", "CITATION.cff", "LICENSE"} <= names
    assert {"tests/conftest.py", "tests/golden/message.packets", "requirements/dev.txt", "Makefile"} <= names
    assert [name for name in names if "__pycache__" in name] == []


def test_the_wheel_holds_the_three_packages_and_their_data_only(dist: Path) -> None:
    with zipfile.ZipFile(_only(dist, "*.whl")) as wheel:
        names = set(wheel.namelist())
        metadata = email.message_from_bytes(wheel.read("speechzip-0.1.0.dist-info/METADATA"))
    assert {name.split("/")[1] for name in names if name.startswith("speechzip/")} == {"pipeline", "voices", "eval"}
    assert {name.split("/")[0] for name in names} == {"speechzip", "speechzip-0.1.0.dist-info"}
    data = [path.relative_to(ROOT).as_posix() for path in (ROOT / "voices/trained/weights").iterdir()]
    assert {f"speechzip/{path}" for path in data} <= names
    assert {"Documentation", "Changelog", "Issues", "Source"} <= {
        line.partition(",")[0] for line in metadata.get_all("Project-URL") or []
    }


def test_commands_of_a_fresh_environment(installed: Path, tmp_path: Path) -> None:
    _speak(installed, tmp_path)
    # All conditions of all systems that an install without extras has, for the shorter recording: this seed draws it.
    printed = _run([installed / "speechzip", "eval", "wheels", "--limit", "1", "--seed", "1"], tmp_path)
    assert printed.splitlines()[-1].endswith("0 of 1 recordings failed in part or whole")
    systems = {line.split()[0] for line in printed.splitlines()[1:] if line}
    assert {"original", "speechzip", "speechzip[synthesizer=espeak]"} <= systems
    assert "<title>" in (tmp_path / "report/report.html").read_text("utf-8")


def test_the_tests_run_from_the_sdist(dist: Path, tmp_path: Path) -> None:
    with tarfile.open(_only(dist, "*.tar.gz")) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    python = _install(
        Path(sys.executable).resolve(),
        dist,
        tmp_path,
        "pytest",
        "hypothesis",
        constraints=source / "requirements/dev.txt",
    )
    tests = ["tests/pipeline/payload", "tests/pipeline/textcoder", "tests/test_architecture.py"]
    command: list[str | Path] = [
        python / "python",
        "-m",
        "pytest",
        "-q",
        "-m",
        "not models and not corpus and not processes",
        *tests,
    ]
    last = _run(command, source).splitlines()[-1]
    assert " passed" in last
    assert "failed" not in last


@pytest.mark.parametrize("minor", [minor for minor in MINORS if minor != sys.version_info.minor])
def test_other_versions_of_python(minor: int, dist: Path, tmp_path: Path) -> None:
    if (python := _python(minor)) is None:
        pytest.skip(f"this machine has no Python 3.{minor}")
    installed = _install(python, dist, tmp_path)
    _speak(installed, tmp_path)


def _speak(installed: Path, folder: Path) -> None:
    """Compress, decompress and inspect a real recording."""
    where = "import speechzip.pipeline as s; print(s.__file__, s.recognizer_recording('beckett.wav'))"
    module, recording = _run([installed / "python", "-c", where], folder).split()
    assert Path(module).is_relative_to(installed.parent)
    speechzip = installed / "speechzip"
    _run([speechzip, "compress", recording, "-o", "call.spz"], folder)
    _run([speechzip, "decompress", "call.spz", "-o", "call.wav"], folder)
    assert (folder / "call.wav").stat().st_size > 200_000
    inspected = json.loads(_run([speechzip, "inspect", "call.spz", "--json"], folder))
    assert inspected["payload_bytes"] == (folder / "call.spz").stat().st_size < 60
    said = " ".join(one["text"] for one in inspected["utterances"]).lower()
    assert "ever tried ever failed" in said.replace(".", "").replace(",", "")


def _install(python: Path, dist: Path, folder: Path, *more: str, constraints: Path | None = None) -> Path:
    """Return the `bin` of a new environment with the wheel, what it needs, and `more`."""
    environment = folder / "environment"
    _uv(["venv", "--python", python, environment], folder)
    locked: list[str | Path] = ["--constraint", constraints or ROOT / "requirements/install.txt"]
    _uv(["pip", "install", "--python", environment, *locked, _only(dist, "*.whl"), *more], folder)
    return environment / "bin"


@functools.cache
def _python(minor: int) -> Path | None:
    """Return a Python of this machine, also one of pyenv's that is not switched on."""
    found = shutil.which(f"python3.{minor}")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for candidate in [*([Path(found)] if found else []), *sorted(pyenv.glob(f"3.{minor}.*/bin/python"))]:
        tried = subprocess.run([candidate, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True)
        if tried.stdout.split() == [b"3", str(minor).encode()]:
            return candidate
    return None


def _only(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def _uv(arguments: Sequence[str | Path], folder: Path) -> None:
    """Run uv; skip the test where packages cannot be had, though not in CI."""
    command = [find_uv_bin(), *arguments, "--quiet", "--no-python-downloads"]
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode and "CI" not in os.environ and any(words in done.stderr.lower() for words in UNREACHED):
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr


def _run(command: Sequence[str | Path], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _environment() -> dict[str, str]:
    """Return the variables of a process to which nothing of this environment comes through."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
