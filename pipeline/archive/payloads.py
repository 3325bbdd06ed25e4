"""The payloads of an archive, and those at any path or URL."""

from __future__ import annotations

from collections.abc import Iterator

from ..decompression import MAX_PAYLOAD_BYTES, read_payload
from ..payload.format import Decoded
from .stores import SUFFIX, Store, StoredFile, is_remote, open_store


def payload_files(store: Store) -> Iterator[StoredFile]:
    """Yield the files of an archive whose names are those of payloads, in the order of the store.

    Raises:
        InputError: the archive cannot be listed.
    """
    return (file for file in store.files() if file.name.endswith(SUFFIX))


def stored_payload(store: Store, name: str) -> Decoded:
    """Return the payload in one file of an archive.

    Raises:
        InputError: it is not there, or cannot be read.
        PayloadError: it is damaged.
    """
    return read_payload(stored_bytes(store, name))


def stored_bytes(store: Store, name: str) -> bytes:
    """Return the bytes of one file of an archive. Of a file too long for a payload, return just enough to reject it.

    Raises:
        InputError: it is not there, or cannot be read.
    """
    return store.read(name, MAX_PAYLOAD_BYTES + 1)


def read_any(source: str) -> Decoded:
    """Return the payload at a path or URL.

    Raises:
        PayloadError: it is not a payload, or cannot be read.
        InputError: the URL cannot be read.
        EngineError: the URL needs a package that is not installed.
    """
    return read_payload(read_bytes(source))


def read_bytes(source: str) -> bytes:
    """Return the bytes of a payload at a path or URL, as `stored_bytes`.

    Raises:
        InputError: it cannot be read.
        EngineError: the URL needs a package that is not installed.
    """
    folder, slash, name = source.removeprefix("file://").rpartition("/")
    return stored_bytes(open_store(folder + slash if not is_remote(source) else folder), name)
