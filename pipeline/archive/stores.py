"""Where an archive lies: a folder, or the keys below a URL that fsspec can open, such as ``s3://bucket/calls``.

Names are relative and use ``/``. On a local disk they may hold any bytes (as surrogates, PEP 383); object stores take
UTF-8 only, so there such bytes are percent-encoded.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NoReturn, Protocol
from urllib.parse import quote

from ..console.display import shown_name
from ..errors import EngineError, InputError, OutputError
from ..system.atomic import atomic_file

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

STATE = ".speechzip"
"""The folder of an archive for everything but payloads: rows, lock, index, temporary files."""
SUFFIX = ".spz"
"""Suffix of payloads."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a store."""

    name: str
    """Its name in the store."""
    size: int
    """In bytes."""
    modified: float
    """Seconds since 1970; 0 if the store does not say."""


class Store(Protocol):
    """A place for files, by relative names."""

    @property
    def url(self) -> str:
        """The name that the user gave it."""
        ...

    @property
    def folder(self) -> Path | None:
        """The folder on this machine; None for a remote store."""
        ...

    def files(self, below: str = "") -> Iterator[StoredFile]:
        """Yield the files below a folder, except those of `STATE`, in the order of the store.

        Raises:
            InputError: it is not there, or a folder in it cannot be read.
        """
        ...

    def state_files(self, below: str) -> list[StoredFile]:
        """Return the files in a folder below `STATE`, sorted by name.

        Raises:
            InputError: the folder cannot be read.
        """
        ...

    def read(self, name: str, limit: int | None = None) -> bytes:
        """Return a file's content, or its first `limit` bytes.

        Raises:
            InputError: it is not there, or cannot be read.
        """
        ...

    def modified(self, name: str) -> float:
        """Return when a file was modified, in seconds since 1970; 0 if the store does not say."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all; it replaces an earlier one of that name.

        Raises:
            InputError: another thing is in the way, such as a folder of that name.
            OutputError: the store is full, read-only or out of reach.
        """
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there.

        Raises:
            OutputError: the store does not allow it.
        """
        ...


def open_store(url: str | Path) -> Store:
    """Return the store at a path or URL; nothing is created there yet.

    Raises:
        EngineError: a URL needs a package that is not installed.
        InputError: there is no such kind of URL.
    """
    text = str(url)
    if is_remote(text):
        return RemoteStore(text)
    return LocalStore(Path(text.removeprefix("file://")))


def is_remote(url: str) -> bool:
    """Return whether this is a URL of a place other than the local disk."""
    return "://" in url and not url.startswith("file://")


def stored_name(relative: str, utf8_only: bool) -> str:
    r"""Return the file name for a source's relative path. It never leads out of the archive.

    Example:
        >>> stored_name("a/../b\udcff.wav", utf8_only=True)
        'a/%2E%2E/b%FF.wav'
    """
    parts = [part for part in relative.split("/") if part not in ("", ".")]
    changed = {"..": "%2E%2E", STATE: "%2E" + STATE[1:]}  # no payload is looked for below a folder called STATE
    name = "/".join(changed.get(part, part) for part in parts)
    if utf8_only:
        name = "".join(
            quote(letter.encode(errors="surrogateescape")) if "\udc80" <= letter <= "\udcff" else letter
            for letter in name
        )
    return name.replace("\0", "%00")


class LocalStore:
    """A folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def url(self) -> str:
        """See `Store`."""
        return str(self._folder)

    @property
    def folder(self) -> Path | None:
        """See `Store`."""
        return self._folder

    def files(self, below: str = "") -> Iterator[StoredFile]:
        """See `Store`."""
        top = self._folder / below
        if not os.path.isdir(top):
            raise InputError(f"{shown_name(top)} is not a folder; give an archive")
        for folder, folders, names in os.walk(top, onerror=_complain_unless_gone):
            folders[:] = sorted(name for name in folders if name != STATE)
            for name in sorted(names):
                path = os.path.join(folder, name)
                try:
                    state = os.stat(path)
                except OSError:  # removed since, or a link to nowhere
                    continue
                if stat.S_ISREG(state.st_mode):  # a pipe could be waited for without end
                    yield StoredFile(os.path.relpath(path, self._folder), state.st_size, state.st_mtime)

    def state_files(self, below: str) -> list[StoredFile]:
        """See `Store`."""
        found: list[StoredFile] = []
        try:
            names = sorted(os.listdir(self._folder / STATE / below))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            _complain(error)
        for name in names:
            with suppress(FileNotFoundError):  # merged with others since
                state = os.stat(self._folder / STATE / below / name)
                if stat.S_ISREG(state.st_mode) and not name.startswith("."):
                    found.append(StoredFile(f"{STATE}/{below}/{name}", state.st_size, state.st_mtime))
        return found

    def read(self, name: str, limit: int | None = None) -> bytes:
        """See `Store`."""
        path = self._folder / name
        try:
            with open(path, "rb") as file:
                return file.read(limit)
        except OSError as error:
            raise InputError(f"{shown_name(path)} cannot be read: {error.strerror or error}") from error

    def modified(self, name: str) -> float:
        """See `Store`."""
        try:
            return (self._folder / name).stat().st_mtime
        except OSError:
            return 0.0

    def write(self, name: str, content: bytes) -> None:
        """See `Store`."""
        path = self._folder / name
        partials = self._folder / STATE / "partial"
        self._check_free(name)
        with _told(shown_name(path)):
            path.parent.mkdir(parents=True, exist_ok=True)
            partials.mkdir(parents=True, exist_ok=True)
        with atomic_file(path, force=True, partials=partials) as file:
            file.write(content)

    def _check_free(self, name: str) -> None:
        path = self._folder / name
        with _told(shown_name(path)):
            is_other = path.exists() and not path.is_file()  # writing into a pipe would wait for a reader
            above = [self._folder / folder for folder in PurePosixPath(name).parents]
            blocked = path if is_other else next((one for one in above if one.exists() and not one.is_dir()), None)
        if blocked is not None and blocked != self._folder:
            kind = "a folder or the like" if is_other else "a file"
            raise InputError(f"there is {kind} called {shown_name(blocked)}; archive this one under another folder")

    def remove(self, name: str) -> None:
        """See `Store`."""
        path = self._folder / name
        with _told(shown_name(path)):
            path.unlink(missing_ok=True)


class RemoteStore:
    """The files below a URL, through fsspec."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._files, self._root = open_filesystem(url)

    @property
    def url(self) -> str:
        """See `Store`."""
        return self._url

    @property
    def folder(self) -> Path | None:
        """See `Store`."""
        return None

    def files(self, below: str = "") -> Iterator[StoredFile]:
        """See `Store`."""
        yield from (file for file in self._list(below) if not file.name.startswith(STATE + "/"))

    def state_files(self, below: str) -> list[StoredFile]:
        """See `Store`."""
        return sorted(self._list(f"{STATE}/{below}"), key=lambda file: file.name)

    def read(self, name: str, limit: int | None = None) -> bytes:
        """See `Store`."""
        try:
            return bytes(self._files.cat_file(f"{self._root}/{name}", start=0, end=limit))
        except Exception as error:  # every file system raises errors of its own
            raise InputError(f"{self._url}/{name} cannot be read: {reason(error)}") from error

    def modified(self, name: str) -> float:
        """See `Store`."""
        try:
            self._files.invalidate_cache()
            return modified_of(self._files.info(f"{self._root}/{name}"))
        except Exception:  # the next `sync` looks at it again
            return 0.0

    def write(self, name: str, content: bytes) -> None:
        """See `Store`."""
        with _told(f"{self._url}/{name}"):
            self._files.pipe_file(f"{self._root}/{name}", content)

    def create(self, name: str, content: bytes) -> bool:
        """Put a new file there and return True; return False if there is one already."""
        path = f"{self._root}/{name}"
        with _told(f"{self._url}/{name}"):
            try:
                self._files.pipe_file(path, content, mode="create")
            except OSError as error:
                if isinstance(error, FileExistsError) or self._files.exists(path):
                    return False
                raise
        return True

    def remove(self, name: str) -> None:
        """See `Store`."""
        with _told(f"{self._url}/{name}"):
            if self._files.exists(f"{self._root}/{name}"):
                self._files.rm_file(f"{self._root}/{name}")

    def _list(self, below: str) -> Iterator[StoredFile]:
        top = f"{self._root}/{below}".rstrip("/")
        self._files.invalidate_cache()
        try:
            for _, _, found in self._files.walk(top, detail=True):
                for info in sorted(found.values(), key=lambda info: str(info["name"])):
                    name = str(info["name"]).removeprefix(self._root).lstrip("/")
                    yield StoredFile(name, int(info.get("size") or 0), modified_of(info))
        except FileNotFoundError:
            return
        except Exception as error:
            raise InputError(f"{self._url} cannot be listed: {reason(error)}") from error


def open_filesystem(url: str) -> tuple[AbstractFileSystem, str]:
    """Return fsspec's file system for a URL, and the path in it.

    Raises:
        EngineError: a package is not installed.
        InputError: there is no such kind of URL.
    """
    try:
        from fsspec.core import url_to_fs
    except ModuleNotFoundError as error:
        raise _missing(url, "fsspec") from error
    try:
        files, path = url_to_fs(url)
    except ImportError as error:
        raise _missing(url, str(error.name or error)) from error
    except Exception as error:
        raise InputError(f"{url} cannot be opened: {reason(error)}") from error
    return files, str(path).rstrip("/")


def modified_of(info: dict[str, Any]) -> float:
    """Return when a file was modified, as fsspec reports it: seconds since 1970; 0 if unknown."""
    for key in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = info.get(key)
        if isinstance(value, (int, float)):
            return float(value)
        if isinstance(value, datetime):
            return value.timestamp()
    return 0.0


def reason(error: BaseException) -> str:
    """Return an error of another library in a few words."""
    return " ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split())[:200]


def _complain(error: OSError) -> NoReturn:
    raise InputError(f"{shown_name(error.filename)} cannot be read: {reason(error)}") from error


def _complain_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        _complain(error)


def _missing(url: str, module: str) -> EngineError:
    return EngineError(f"{url} needs {module}, which is not installed; run: pip install 'speechzip[archive]'")


@contextmanager
def _told(name: str) -> Generator[None]:
    """Turn any error of a file system into an `OutputError`."""
    try:
        yield
    except OutputError:
        raise
    except Exception as error:
        raise OutputError(f"{name} cannot be written: {reason(error)}; choose another place") from error
