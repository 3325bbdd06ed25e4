"""One writer at a time: a lock on an archive.

In a folder it is a lock of the operating system, which ends with the process. An object store has no locks: there
an object says who writes, its owner renews it, and one that is not renewed for `STALE_S` counts as left behind. An
owner that hung for so long may have lost the archive to another process: it asks before each write, and ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import secrets
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from ..console.display import printable, shown_name
from ..errors import InputError, OutputError
from .stores import STATE, RemoteStore, Store, reason

NAME = f"{STATE}/lock"
STALE_S = 120.0
RENEW_S = 30.0


class Lock(Protocol):
    """A lock that this process took."""

    def check(self) -> None:
        """Return if the archive may be written.

        Raises:
            OutputError: another process took the lock, or somebody removed it.
        """
        ...


@contextmanager
def locked(store: Store) -> Generator[Lock]:
    """Be the only writer of an archive inside the block.

    Raises:
        OutputError: another process writes to it, or it cannot be written.
    """
    if store.folder is not None:
        with _local(store.folder) as lock:
            yield lock
    elif isinstance(store, RemoteStore):
        with _remote(store) as lock:
            yield lock
    else:
        raise OutputError(f"{store.url} cannot be locked")


@dataclass(frozen=True, slots=True)
class _LocalLock:
    folder: Path
    file: BinaryIO

    def check(self) -> None:
        """See `Lock`. The operating system keeps the lock, as long as nobody removes its file."""
        if not os.fstat(self.file.fileno()).st_nlink:
            raise OutputError(
                f"the archive {shown_name(self.folder)} is locked no more: its lock was removed; start again"
            )


@dataclass(slots=True)
class _RemoteLock:
    store: RemoteStore
    token: str
    renewed: float
    """When it was last written, by `time.monotonic`."""

    def is_held(self) -> bool:
        return self.token.encode() in (_read(self.store) or b"")

    def check(self) -> None:
        """See `Lock`. If the store does not answer, nobody can have taken what was renewed a moment ago."""
        try:
            held = self.is_held()
        except OutputError:
            held = time.monotonic() - self.renewed < STALE_S - RENEW_S
            if not held:
                raise
        if not held:
            raise OutputError(
                f"the archive {shown_name(self.store.url)} is locked no more: this process hung, and another one took "
                "over; start again when that has ended"
            )

    def renew(self) -> None:
        now = time.monotonic()
        self.store.write(NAME, _owner(self.token))
        self.renewed = now


@contextmanager
def _local(folder: Path) -> Generator[Lock]:
    path = folder / NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Open as long as the lock is held. Unbuffered: what a full disk does not take is not tried again at the end.
        file = open(path, "a+b", buffering=0)  # noqa: SIM115
    except OSError as error:
        raise OutputError(
            f"the archive {shown_name(folder)} cannot be written: {reason(error)}; choose another place"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise _taken(str(folder), file.read(1000)) from None
        except OSError as error:
            raise OutputError(f"the archive {shown_name(folder)} cannot be locked: {reason(error)}") from error
        with suppress(OSError):  # the name of the owner only helps people
            file.truncate(0)
            file.write(_owner(""))
        yield _LocalLock(folder, file)


@contextmanager
def _remote(store: RemoteStore) -> Generator[Lock]:
    token = secrets.token_hex(8)
    lock = _RemoteLock(store, token, time.monotonic())
    if not store.create(NAME, _owner(token)):
        owner = _read(store)
        if owner is not None and time.time() - _time_of(owner) < STALE_S:
            raise _taken(store.url, owner)
        lock.renew()
    stop = threading.Event()

    def renew() -> None:
        while not stop.wait(RENEW_S):
            with suppress(OutputError):  # the next attempt follows in a moment
                if not lock.is_held():
                    return
                lock.renew()

    thread = threading.Thread(target=renew, name="speechzip-lock", daemon=True)
    thread.start()
    try:
        if not lock.is_held():
            raise _taken(store.url, _read(store) or b"")
        yield lock
    finally:
        stop.set()
        thread.join()
        with suppress(OutputError):  # a lock that is left behind counts for two minutes
            if lock.is_held():
                store.remove(NAME)


def _owner(token: str) -> bytes:
    return json.dumps({"pid": os.getpid(), "host": platform.node(), "at": time.time(), "token": token}).encode()


def _read(store: RemoteStore) -> bytes | None:
    """Return who holds the lock; None if nobody does.

    Raises:
        OutputError: the store does not tell, so somebody may hold it.
    """
    try:
        return store.read(NAME, 1000)
    except InputError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise OutputError(f"the lock of the archive cannot be read: {error}; try again") from error


def _time_of(owner: bytes) -> float:
    try:
        return float(json.loads(owner)["at"])
    except (ValueError, TypeError, KeyError):
        return 0.0


def _taken(url: str, owner: bytes) -> OutputError:
    who = ""
    with suppress(ValueError, TypeError, KeyError):
        content = json.loads(owner)
        who = f" (process {int(content['pid'])} on {printable(str(content['host']))[:64]})"
    return OutputError(f"another process writes to the archive {shown_name(url)}{who}; wait until it has ended")
