"""One node of Reticulum in this process, and our identity in it."""

from __future__ import annotations

import logging
import re
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...errors import InputError, LinkError
from ...system.atomic import atomic_file
from ...system.datafolder import data_folder
from ..carrier import load_library

logger = logging.getLogger(__name__)

PATH_S = 15.0
"""How long to look for a path to a peer: some seconds over LoRa, less than one in a local network."""
STEP_S = 0.1
HASH = re.compile(r"[0-9a-f]{32}")
"""16 bytes: the truncated hash of a destination."""

_running: list[Any] = []  # Reticulum allows one instance in a process


def load(module: str) -> Any:
    """Return the module ``RNS`` or ``LXMF``.

    Raises:
        LinkError: the extra ``reticulum`` is not installed.
    """
    return load_library("lxmf", module, "reticulum")


def start(config: Path | None) -> Any:
    """Start the node, or join the one that runs on this machine, and return the module ``RNS``.

    Args:
        config: folder of Reticulum's configuration; its own default if None.

    Raises:
        LinkError: the extra is not installed, or the configuration cannot be used.
    """
    rns = load("RNS")
    if _running:
        return rns
    with same_signals():
        try:
            _running.append(
                rns.Reticulum(
                    configdir=str(config) if config else None,
                    loglevel=rns.LOG_WARNING,
                    logdest=_log,
                )
            )
        except (Exception, SystemExit) as error:  # it ends the process for some faults of its configuration
            raise LinkError(
                f"Reticulum does not start ({error}); look at its configuration in {config or '~/.reticulum'}"
            ) from error
    return rns


@contextmanager
def same_signals() -> Generator[None]:
    """Keep our handlers of Ctrl-C and SIGTERM. Those of Reticulum and LXMF end the process silently."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def identity(rns: Any) -> Any:
    """Return our identity. It is created the first time, in the data folder, readable by the user only.

    Raises:
        LinkError: the data folder cannot be read or written, or the file in it is no identity.
    """
    path = data_folder() / "links" / "reticulum.identity"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_empty = path.exists() and path.stat().st_size == 0  # an earlier release was killed while it wrote this
        if not path.exists() or is_empty:
            new = rns.Identity()
            with atomic_file(path, force=is_empty, mode=0o600) as file:
                file.write(new.get_private_key())
            return new
    except OSError as error:
        raise LinkError(f"our identity cannot be kept in {path}: {error.strerror or error}") from error
    known = rns.Identity.from_file(str(path))
    if known is None:
        raise LinkError(f"{path} is no identity of Reticulum; move it away to get a new one")
    return known


def _log(line: str) -> None:
    logger.debug("%s", line)


def parse_hash(text: str) -> bytes:
    """Return an address of 32 hexadecimal digits as bytes.

    Raises:
        InputError: it is not an address.
    """
    digits = text.strip().strip("<>").lower()
    if not HASH.fullmatch(digits):
        raise InputError(f"{text!r} is no address of Reticulum: 32 hexadecimal digits are wanted")
    return bytes.fromhex(digits)


def wait_for_path(rns: Any, address: bytes) -> None:
    """Wait until the path to a destination, and its key, are known.

    Raises:
        LinkError: no node knows one.
    """
    give_up_s = time.monotonic() + PATH_S
    if not rns.Transport.has_path(address) or rns.Identity.recall(address) is None:
        rns.Transport.request_path(address)
    while not rns.Transport.has_path(address) or rns.Identity.recall(address) is None:
        if time.monotonic() > give_up_s:
            raise LinkError(
                f"nobody knows a path to {address.hex()} within {PATH_S:.0f} s; is it running, in reach, and has it "
                "announced itself?"
            )
        time.sleep(STEP_S)
