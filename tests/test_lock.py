"""All packages that `make` installs are locked with hashes in requirements/, and the locks satisfy pyproject.toml."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "requirements"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PLATFORMS = [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("darwin", "x86_64")]
ENVIRONMENTS = [
    {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.1", "implementation_name": "cpython"}
    | {"platform_python_implementation": "CPython", "os_name": "posix", "extra": ""}
    | {"sys_platform": system, "platform_machine": machine}
    | {"platform_system": {"linux": "Linux", "darwin": "Darwin"}[system]}
    for minor in range(10, 14)
    for system, machine in PLATFORMS
]
LOCKS = ["build", "install", "eval", "dev", "docs", "judge", "engines"]


def _asked(lock: str) -> list[Requirement]:
    """Return what pyproject.toml and requirements/LOCK.in want to be in a lock."""
    if lock == "build":
        return [*map(Requirement, PROJECT["build-system"]["requires"]), *_lines("build.in")]
    if lock == "docs":
        return _lines("docs.in")
    extras = {
        "install": [],
        "eval": ["bench"],
        "dev": ["dev"],
        "judge": ["faster-whisper"],
        "engines": ["faster-whisper", "hibari", "pocket", "whisper", "xtts"],
    }[lock]
    more = {"eval": "eval.in", "dev": "eval.in", "engines": "engines.in"}.get(lock)
    named = [*PROJECT["project"]["dependencies"], *(line for extra in extras for line in _extra(extra))]
    return [*map(Requirement, named), *(_lines(more) if more else [])]


def _extra(name: str) -> Iterator[str]:
    for line in PROJECT["project"]["optional-dependencies"][name]:
        requirement = Requirement(line)
        if requirement.name == "speechzip":
            for other in requirement.extras:
                yield from _extra(other)
        else:
            yield line


def _lines(file: str) -> list[Requirement]:
    """Return the requirements of a file, without comments and hashes."""
    lines = (FOLDER / file).read_text("utf-8").splitlines()
    return [Requirement(line.rstrip(" \\")) for line in lines if re.match("[a-zA-Z]", line)]


def _pinned(lock: str, environment: dict[str, str]) -> dict[str, str]:
    """Return the version of every package that a lock installs in an environment."""
    pins: dict[str, str] = {}
    for line in _lines(f"{lock}.txt"):
        if line.marker is None or line.marker.evaluate(environment):
            assert line.name not in pins, f"{line.name} is in {lock}.txt twice for {environment}"
            pins[line.name] = str(line.specifier).removeprefix("==")
    return pins


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_locked(lock: str) -> None:
    for environment in ENVIRONMENTS:
        pins = _pinned(lock, environment)
        for requirement in _asked(lock):
            if requirement.marker is None or requirement.marker.evaluate(environment):
                version = pins.get(canonicalize_name(requirement.name), "none")
                assert version != "none", f"{lock}.txt lacks {requirement}: run `make lock`"
                assert requirement.specifier.contains(version), f"{requirement} is {version}: run `make lock`"


def test_the_environments_agree() -> None:
    for environment in ENVIRONMENTS:
        dev = _pinned("dev", environment)
        for lock in ("install", "eval"):
            assert _pinned(lock, environment).items() <= dev.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_have_hashes_and_name_no_place(lock: str) -> None:
    text = (FOLDER / f"{lock}.txt").read_text("utf-8")
    for block in re.split(r"\n(?=[a-z])", text)[1:]:
        name, *rest = block.splitlines()
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][\w.+]*( ; .*)? \\", name)
        assert re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}( \\)?", rest[0])
    assert not re.search(r"://|--index|--find-links|^-|\s/", text, re.MULTILINE)
