"""Export to files: one payload, or all of an archive."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...console.display import shown_name
from ...engines.loading import load_engine
from ...errors import InputError, OutputError, PayloadError
from ...payload.format import Decoded
from ...system.atomic import atomic_file
from ..payloads import payload_files, stored_payload
from ..stores import SUFFIX, Store
from .formats import FORMATS, format_named
from .transcript import NameOf, named_transcript

LONGEST_NAME = 255
"""Most bytes in the name of a file."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What became of one file of an archive."""

    name: str
    """In the archive."""
    path: Path | None
    """What was written; None if nothing."""
    error: str = ""
    """Why not."""


def chosen_format(output: Path | None, name: str | None) -> str:
    """Return the format that is named, or else that of the output's suffix.

    Raises:
        OutputError: neither says which.
    """
    if name is not None:
        return format_named(name)
    if output is None or not output.suffix:
        raise OutputError(f"which format? Name one, or a file with one of these suffixes: {' '.join(FORMATS)}")
    return format_named(output.suffix)


def known_names() -> NameOf:
    """Return a function that finds names in the voice store, as it is now."""
    names = _stored_names()
    return lru_cache(maxsize=4096)(load_engine("voice_book").name_of) if names is None else names.get


def names_digest() -> str:
    """Return a text that changes whenever `known_names` would find other names; empty if the store cannot list them."""
    names = _stored_names()
    return hashlib.sha256(repr(sorted(names.items())).encode()).hexdigest()[:16] if names else ""


def _stored_names() -> dict[int, str] | None:
    """Return `Voice.id` -> name of all voices; None if the store cannot list them, as not every `VoiceBook` can."""
    listed: Any = getattr(load_engine("voice_book"), "voices", None)
    if listed is None:
        return None
    names: dict[int, str] = {}
    for named in listed():
        names.setdefault(named.voice.id, named.name)  # as `name_of` does
    return names


def transcript_text(decoded: Decoded, title: str, format_name: str, name_of: NameOf) -> str:
    """Return a payload's transcript in a format of `FORMATS`."""
    return FORMATS[format_name](named_transcript(decoded, title, name_of))


def title_of(name: str) -> str:
    """Return the name of the recording whose payload has the name `name`."""
    return shown_name(name.removesuffix(SUFFIX).rsplit("/", 1)[-1])


def export_archive(store: Store, output: Path, format_name: str, name_of: NameOf, force: bool) -> Iterator[Exported]:
    """Write the transcript of every payload of an archive below a folder. Damaged payloads are reported and skipped.

    Raises:
        OutputError: the folder cannot be written, or one of the files exists and `force` is not given; then none is
            written.
    """
    files = list(payload_files(store))
    if not force:
        _check_new(_target(output, file.name, format_name) for file in files)
    for file in files:
        try:
            decoded = stored_payload(store, file.name)
        except (PayloadError, InputError) as error:
            yield Exported(file.name, None, str(error))
            continue
        path = _target(output, file.name, format_name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{shown_name(path)} cannot be written: {error.strerror or error}") from error
        text = transcript_text(decoded, title_of(file.name), format_name, name_of)
        with atomic_file(path, force) as written:
            written.write(text.encode())
        yield Exported(file.name, path)


def _target(output: Path, name: str, format_name: str) -> Path:
    """Return the file for the transcript of a payload; a name too long for file systems is cut, with a digest."""
    folder, _, last = name.removesuffix(SUFFIX).rpartition("/")
    raw = last.encode(errors="surrogateescape")
    if len(raw) + len(f".{format_name}") > LONGEST_NAME:
        last = raw[:200].decode(errors="ignore") + f"={hashlib.sha256(raw).hexdigest()[:16]}"
    return output / folder / f"{last}.{format_name}"


def _check_new(paths: Iterable[Path]) -> None:
    existing = [path for path in paths if os.path.exists(path)]
    if existing:
        more = f", and so do {len(existing) - 1} others" if len(existing) > 1 else ""
        raise OutputError(f"{shown_name(existing[0])} already exists{more}", remedies=("force", "another_folder"))
