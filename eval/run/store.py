"""The store of observations, one file each, so that an interrupted run can continue.

    OUT/observations/clean/speechzip/libri_clean_121-121726-0003-1f2e3d4c.json
    OUT/clips/...                                             the same with .mp3
    OUT/memory/..., OUT/conversations/...                     what is measured of whole recordings, .json

A file appears whole or not at all. It carries the digest of all that it depends on. If
that has changed (the recording, the codec's code, the judge), the observation is made again.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from speechzip.pipeline import Audio, OutputError, atomic_file

from ..conditions import CLEAN
from ..results.conversations import Conversation, conversation_from_json
from ..types import Item, Observation, TurnObservation
from .digests import file_stamp, module_digest, package_digest
from .observe import EvalJob, RunSettings, write_clip

MARKER = "speechzip-eval.txt"
"""Marks a folder as an evaluation's, which may be written again."""
FIELDS = {"observations": "observation", "memory": "peak_mib", "conversations": "conversations"}
"""Folder -> field of its files."""
CONVERSATION_MODULES = ("run.conversations", "run.minutes", "results.conversations")
"""Modules that what is measured of conversations depends on, besides those of all results."""
OWN_ENGINES = ("speechzip", "text-")
"""Prefixes of systems that depend on the code of the codec and the voices."""
UNREADABLE = (OSError, ValueError, KeyError, TypeError)
"""What is stored is missing, truncated or of an older release: it is made again."""
LISTENED_TO = ("original", "speechzip", "codec2-700C", "opus-6-60ms")
"""Prefixes of systems with clips in the report; clips of all systems would be gigabytes for a large corpus."""


class ObservationStore:
    """The folder of one evaluation."""

    def __init__(self, folder: Path, settings: RunSettings, fresh: bool = False) -> None:
        """Open `folder`, creating it if necessary; `fresh` discards stored results.

        Raises:
            OutputError: it cannot be written, or holds something else.
        """
        self.folder = folder
        self._settings = settings
        if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARKER).exists())):
            raise OutputError(f"{folder} exists and is not an evaluation", remedies=("another_report",))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if fresh:
                for part in ("observations", "clips", "memory", "conversations"):
                    shutil.rmtree(folder / part, ignore_errors=True)
            (folder / MARKER).write_text(
                "This folder belongs to `speechzip eval`: run it again to go on or to renew.\n"
            )
        except OSError as error:
            raise OutputError(
                f"{folder} cannot be written: {error.strerror or error}", remedies=("another_report",)
            ) from error

    def load(self, job: EvalJob, failures: bool = False) -> Observation | None:
        """Return a job's stored observation, or None if the job must run; failed ones run again unless `failures`."""
        try:
            observation = observation_from_json(self._read("observations", job))
        except UNREADABLE:
            return None
        return observation if failures or not observation.failure else None

    def save(self, job: EvalJob, observation: Observation, decoded: Audio | None = None) -> None:
        """Store an observation, and its decoded sound if given."""
        if decoded is not None:
            path = self._path("clips", job, "mp3")
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_file(path, force=True) as file:
                write_clip(file, decoded)
        self._write("observations", job, asdict(observation))

    def keeps_clip(self, job: EvalJob) -> bool:
        """Tell whether to keep decoded sound: all systems would be gigabytes for a large corpus."""
        return job.condition == CLEAN and job.system.startswith(LISTENED_TO)

    def memory(self, system: str, item: Item, measure: Callable[[str, Path], float | None]) -> float | None:
        """Return `measure`'s result for a system on a recording, computed once."""
        job = EvalJob(item, CLEAN, system)
        try:
            return float(self._read("memory", job))
        except UNREADABLE:
            pass
        peak = measure(system, item.path)
        if peak is not None:
            self._write("memory", job, peak)
        return peak

    def conversations(
        self, system: str, item: Item, measure: Callable[[Item], list[Conversation]]
    ) -> list[Conversation]:
        """Return `measure`'s result for a recording through a system, computed once."""
        job = EvalJob(item, CLEAN, system)
        try:
            return [conversation_from_json(one) for one in self._read("conversations", job)]
        except UNREADABLE:
            pass
        measured = measure(item)
        self._write("conversations", job, [asdict(one) for one in measured])
        return measured

    def _read(self, kind: str, job: EvalJob) -> Any:
        """Return what is stored of a job.

        Raises:
            OSError, ValueError, KeyError, TypeError: it is missing, truncated, or was made from something else.
        """
        stored = json.loads(self._path(kind, job, "json").read_text("utf-8"))
        if stored["fingerprint"] != self._fingerprint(job, kind):
            raise ValueError("made from something else")
        return stored[FIELDS[kind]]

    def _write(self, kind: str, job: EvalJob, content: object) -> None:
        path = self._path(kind, job, "json")
        path.parent.mkdir(parents=True, exist_ok=True)
        stored = {"fingerprint": self._fingerprint(job, kind), FIELDS[kind]: content}
        with atomic_file(path, force=True) as file:
            file.write(json.dumps(stored, ensure_ascii=False).encode())

    def _path(self, kind: str, job: EvalJob, suffix: str) -> Path:
        return stored_path(self.folder / kind, job.condition, job.system, job.item.id, suffix)

    def _fingerprint(self, job: EvalJob, kind: str) -> str:
        more = CONVERSATION_MODULES if kind == "conversations" else ()
        own = job.system.startswith(OWN_ENGINES)
        parts = (
            job,
            self._settings,
            file_stamp(job.item.path),
            [package_digest(f"speechzip.eval.{part}") for part in ("codecs", "metrics")],
            [module_digest(f"speechzip.eval.{module}") for module in ("run.observe", "conditions", *more)],
            [package_digest(f"speechzip.{part}") for part in ("pipeline", "voices")] if own else [],
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def observation_from_json(stored: dict[str, Any]) -> Observation:
    """Return the observation in a JSON value from `asdict`.

    Raises:
        TypeError, KeyError: it is not an observation.
    """
    turns = cast("list[dict[str, Any]]", stored.pop("turns"))  # as `asdict` wrote them
    return Observation(**stored, turns=tuple(TurnObservation(**turn) for turn in turns))


def read_clip(folder: Path, system: str, item_id: str) -> bytes | None:
    """Return the MP3 of a recording decoded by a system, from an evaluation's folder; None if not kept."""
    path = stored_path(folder / "clips", CLEAN, system, item_id, "mp3")
    return path.read_bytes() if path.is_file() else None


def stored_path(folder: Path, condition: str, system: str, item_id: str, suffix: str) -> Path:
    """Return the file below `folder` that belongs to one recording through one system."""
    digest = hashlib.sha256(f"{system}\0{item_id}".encode()).hexdigest()[:8]
    readable = (re.sub(r"[^A-Za-z0-9.-]+", "_", text).strip("_") for text in (condition, system, item_id[-60:]))
    condition_name, system_name, item_name = readable
    return folder / condition_name / system_name / f"{item_name}-{digest}.{suffix}"
