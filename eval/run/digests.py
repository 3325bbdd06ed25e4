"""Digests of everything that a stored observation depends on: after a change, it is repeated."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path

SKIPPED = {"__pycache__", "tests"}


@lru_cache(maxsize=32)
def package_digest(package: str) -> str:
    """Return a digest of all files of an installed package, code and weights."""
    spec = importlib.util.find_spec(package)
    locations = (spec.submodule_search_locations or []) if spec else []
    return _digest(
        [path for location in locations for path in Path(location).rglob("*") if not SKIPPED & set(path.parts)]
    )


@lru_cache(maxsize=32)
def module_digest(module: str) -> str:
    """Return a digest of the file of an importable module."""
    spec = importlib.util.find_spec(module)
    return _digest([Path(spec.origin)] if spec and spec.origin else [])


def file_stamp(path: Path) -> str:
    """Return the size and time of a recording, which reveal a change; empty if it is missing."""
    try:
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_size}/{stat.st_mtime_ns}"


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
