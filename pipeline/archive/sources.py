"""The recordings below folders, globs and URLs.

A recording below a folder keeps its path relative to that folder; one that a glob finds, relative to the folders before
the first wildcard; one that is named itself, the path as it was given.
"""

from __future__ import annotations

import glob
import hashlib
import os
import stat
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ..console.display import shown_name
from ..errors import InputError
from .stores import STATE, SUFFIX, is_remote, modified_of, open_filesystem, reason, stored_name

SUFFIXES = frozenset(
    """
    .3g2 .3gp .aac .ac3 .aif .aifc .aiff .amr .ape .au .avi .caf .flac .flv .m4a .m4b .m4v .mka .mkv .mov .mp1 .mp2 .mp3
    .mp4 .mpg .oga .ogg .opus .paf .rf64 .rm .snd .sph .tta .voc .w64 .wav .wave .webm .wma .wmv .wv
    """.split()
)
"""Suffixes of recordings in a folder; a file that is named itself is always tried."""


@dataclass(frozen=True, slots=True)
class Source:
    """A recording to archive."""

    url: str
    """Path or URL to read it from."""
    name: str
    """Its name in an archive, see `stored_name`."""
    size: int
    """In bytes."""
    modified: float
    """Seconds since 1970; 0 if unknown."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that is not a recording, or cannot be read."""

    url: str
    """Its path or URL."""
    reason: str
    """The reason; empty for a file of another kind, which is only counted."""


def find_sources(
    specs: Iterable[str], under: str = "", utf8_only: bool = False, may_be_missing: Container[str] = ()
) -> Iterator[Source | LeftOut]:
    """Yield the recordings that paths, globs and URLs name, sorted by name within each folder.

    Args:
        specs: paths, globs, URLs.
        under: a folder of the archive that all names begin with.
        utf8_only: whether the archive takes only names in UTF-8.
        may_be_missing: those of the specs that are left out if they name nothing.

    Raises:
        InputError: a path or URL names nothing, and is not among these.
        EngineError: a URL needs a package that is not installed.
    """
    for spec in specs:
        for url, relative, size, modified in _below_if_there(spec) if spec in may_be_missing else _below(spec):
            url = url if is_remote(url) else os.path.abspath(url)
            if size < 0:
                yield LeftOut(url, relative)
                continue
            name = stored_name(f"{under}/{relative}", utf8_only)
            yield Source(url, _short_enough(name), size, modified)


_Found = tuple[str, str, int, float]
"""URL, relative name, size, modified; for what is left out: URL, reason, -1, 0.0."""


def _below_if_there(spec: str) -> Iterator[_Found]:
    try:
        yield from _below(spec)
    except InputError as error:
        yield spec, str(error), -1, 0.0


def _below(spec: str) -> Iterator[_Found]:
    if is_remote(spec):
        yield from _remote(spec)
        return
    path = spec.removeprefix("file://")
    if os.path.isdir(path):
        yield from _folder(path)
    elif os.path.lexists(path):
        yield _local_file(path, path)
    elif glob.has_magic(path):
        root = _root_of(path)
        matches = glob.glob(path, recursive=True)
        if not matches:
            raise InputError(f"nothing fits {shown_name(spec)}")
        for match in sorted(matches):
            if not os.path.isdir(match):
                yield _local_file(match, os.path.relpath(match, root or "."))
    else:
        raise InputError(f"{shown_name(spec)} does not exist; give a folder, a file, a glob or a URL")


def _root_of(pattern: str) -> str:
    """Return the folders before the first wildcard."""
    parts = pattern.split("/")
    first = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    return "/".join(parts[:first]) or ("/" if pattern.startswith("/") else "")


def _folder(top: str) -> Iterator[_Found]:
    """Yield the files below a folder. Each folder is read once, so links make no loops; linked folders come last."""
    entered: set[tuple[int, int]] = set()
    folders, linked = [top], list[str]()
    while folders or linked:
        folder = folders.pop() if folders else linked.pop(0)
        try:
            state = os.stat(folder)
            if (state.st_dev, state.st_ino) in entered:
                continue
            entered.add((state.st_dev, state.st_ino))
            entries = sorted((e for e in os.scandir(folder) if e.name != STATE), key=lambda entry: entry.name)
        except OSError as error:
            yield folder, f"cannot be read: {reason(error)}", -1, 0.0
            continue
        inner: list[str] = []
        for entry in entries:
            if _is_folder(entry):
                (linked if entry.is_symlink() else inner).append(entry.path)
            elif not _is_recording(entry.name):
                yield entry.path, "", -1, 0.0
            else:
                yield _local_file(entry.path, os.path.relpath(entry.path, top))
        folders += reversed(inner)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _local_file(path: str, relative: str) -> _Found:
    try:
        state = os.stat(path)
    except OSError as error:
        return path, f"cannot be read: {reason(error)}", -1, 0.0
    if not stat.S_ISREG(state.st_mode):
        return path, "is not a file", -1, 0.0
    return path, relative.lstrip("/"), state.st_size, state.st_mtime


def _remote(spec: str) -> Iterator[_Found]:
    files, path = open_filesystem(spec)
    found: Iterable[tuple[str, dict[str, Any]]]
    try:
        if glob.has_magic(path):
            root = _root_of(path)
            matches = files.glob(path, detail=True)
            found = ((str(name), info) for name, info in sorted(matches.items()) if info.get("type") != "directory")
        elif files.isdir(path):
            root = path
            found = (
                (str(info["name"]), info)
                for _, _, inside in files.walk(path, detail=True)
                for info in sorted(inside.values(), key=lambda info: str(info["name"]))
            )
        else:
            root = path.rpartition("/")[0]
            found = [(path, files.info(path))]
        for name, info in found:
            url = str(files.unstrip_protocol(name))
            if name != path and not _is_recording(name):
                yield url, "", -1, 0.0
                continue
            relative = name.removeprefix(root).lstrip("/")
            yield url, relative, int(info.get("size") or 0), modified_of(info)
    except Exception as error:  # every file system raises errors of its own
        raise InputError(f"{spec} cannot be listed: {reason(error)}") from error


def _is_recording(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def _short_enough(name: str) -> str:
    """Return a name with room for ``.spz`` within the 255 bytes of file systems; a longer one is cut, with a digest."""
    folder, _, last = name.rpartition("/")
    raw = last.encode(errors="surrogateescape")
    if len(raw) > 255 - len(SUFFIX):
        digest = hashlib.sha256(raw).hexdigest()[:16]
        suffix = PurePosixPath(last).suffix[:16]
        last = raw[:200].decode(errors="ignore") + f"={digest}{suffix}"
        return f"{folder}/{last}" if folder else last
    return name
