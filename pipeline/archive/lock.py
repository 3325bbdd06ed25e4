"""One writer at a time: a lock on an archive.

In a folder it is a lock of the operating system, which ends with the process. An object store has no locks: there
an object says who writes, its owner renews it, and one that is not renewed for `STALE_S` counts as left behind.
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
from pathlib import Path

from ..console.display import printable, shown_name
from ..errors import InputError, OutputError
from .stores import STATE, RemoteStore, Store, reason

NAME = f"{STATE}/lock"
STALE_S = 120.0
RENEW_S = 30.0


@contextmanager
def locked(store: Store) -> Generator[None]:
    """Be the only writer of an archive inside the block.

    Raises:
        OutputError: another process writes to it, or it cannot be written.
    """
    if store.folder is not None:
        with _local(store.folder):
            yield
    elif isinstance(store, RemoteStore):
        with _remote(store):
            yield
    else:
        raise OutputError(f"{store.url} cannot be locked")


@contextmanager
def _local(folder: Path) -> Generator[None]:
    path = folder / NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a+b")  # noqa: SIM115  # open as long as the lock is held
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
            file.flush()
        yield


@contextmanager
def _remote(store: RemoteStore) -> Generator[None]:
    token = secrets.token_hex(8)
    if not store.create(NAME, _owner(token)):
        owner = _read(store)
        if time.time() - _time_of(owner) < STALE_S:
            raise _taken(store.url, owner)
        store.write(NAME, _owner(token))
    stop = threading.Event()

    def renew() -> None:
        while not stop.wait(RENEW_S):
            with suppress(OutputError):  # the next attempt follows in a moment
                store.write(NAME, _owner(token))

    thread = threading.Thread(target=renew, name="speechzip-lock", daemon=True)
    thread.start()
    try:
        if token.encode() not in _read(store):
            raise _taken(store.url, _read(store))
        yield
    finally:
        stop.set()
        thread.join()
        if token.encode() in _read(store):
            store.remove(NAME)


def _owner(token: str) -> bytes:
    return json.dumps({"pid": os.getpid(), "host": platform.node(), "at": time.time(), "token": token}).encode()


def _read(store: RemoteStore) -> bytes:
    try:
        return store.read(NAME, 1000)
    except InputError:
        return b""


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
