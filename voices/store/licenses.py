"""Licenses that the user must accept explicitly, and the record of the acceptance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from speechzip.pipeline import EngineError, OutputError, atomic_file, data_folder


@dataclass(frozen=True, slots=True)
class License:
    """The license of a third party's weights."""

    key: str
    """Short name, used in the name of the record's file."""
    covers: str
    """The licensed work."""
    terms: str
    """The permitted use in one sentence, and the address of the whole text."""


CPML = License(
    key="cpml-1.0",
    covers="the weights of XTTS-v2",
    terms="Coqui Public Model License 1.0: non-commercial use only, of the model and of the speech that it makes; "
    "read it whole at https://tts-hub.github.io/cpml",
)


def is_accepted(license: License) -> bool:
    """Return whether the user has accepted `license` on this machine."""
    return _record(license).is_file()


def accept(license: License) -> Path:
    """Record that the user accepts `license`; return the record's path. Call this on the user's explicit request only.

    Raises:
        OutputError: it cannot be written.
    """
    record = _record(license)
    try:
        record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{record.parent} cannot be made: {error.strerror or error}") from error
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    with atomic_file(record, force=True) as file:
        file.write(f"{now} {license.covers}: {license.terms}\n".encode())
    return record


def require(license: License) -> None:
    """Require that the user has accepted `license`.

    Raises:
        EngineError: not yet; shows the license, and how to accept it.
    """
    if not is_accepted(license):
        raise EngineError(
            f"{license.covers} have a license of their own, which you have not accepted yet: {license.terms}",
            remedies=("accept_license",),
        )


def _record(license: License) -> Path:
    return data_folder() / "licences" / f"{license.key}.accepted"
