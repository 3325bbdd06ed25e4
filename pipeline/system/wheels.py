"""Files that installed packages bring: found without importing the package, since some imports want a sound card."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from ..errors import EngineError

RECOGNIZER_WHEEL = "moonshine-voice==0.0.48"
"""Brings the recognizer's weights, a speaker embedding and two recordings; later releases download the weights."""
RECORDINGS = ("beckett.wav", "two_cities.wav")
"""The recordings that the wheel brings: 10 s and 44 s of English readings."""


def package_folder(package: str, install: str) -> Path:
    """Return the folder of an installed package.

    Args:
        package: as it is imported.
        install: the command that installs it, for the error.

    Raises:
        EngineError: it is not installed.
    """
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise EngineError(f"the package {package} is not installed; run: {install}")
    return Path(found.submodule_search_locations[0])


def recognizer_folder() -> Path:
    """Return the folder of the recognizer's wheel.

    Raises:
        EngineError: it is not installed.
    """
    return package_folder("moonshine_voice", f"pip install {RECOGNIZER_WHEEL}")


def recognizer_recording(name: str) -> Path:
    """Return the path of `RECORDINGS`.

    Raises:
        EngineError: the wheel is not installed.
    """
    return recognizer_folder() / "assets" / name
