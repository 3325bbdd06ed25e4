"""The pairing line and the other ways to name an address.

    speechzip://192.168.1.5:7310#<base64url of 32 bytes: SHA-256 of the certificate, 16 bytes: secret>
    127.0.0.1:7310     localhost     [::1]:7310        on this machine, where no secret is needed

A line with a secret does not belong on a command line, which every user of the machine can read: it also comes from a
file, from standard input or from the environment.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
import re
from pathlib import Path

from ...errors import LinkError, OutputError
from ...system.atomic import atomic_file
from ..defaults import DEFAULT_PORT
from .security import FINGERPRINT_BYTES, SCHEME, SECRET_BYTES, Address, Pin, is_loopback

MAX_LINE_BYTES = 1024
"""Longest pairing line; one with the longest host name has 350 bytes."""
MAX_PORT = 65535
HOW = "give HOST:PORT on this machine, or the whole line that listen printed"
PORT = re.compile(r"[0-9]{1,5}")


def pairing_line(host: str, port: int, pin: Pin | None) -> str:
    """Return the line that `parse_address` reads."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if pin is None:
        return place
    code = base64.urlsafe_b64encode(pin.fingerprint + pin.secret).decode()
    return f"{SCHEME}://{place}#{code}"


def parse_address(text: str) -> Address:
    """Return the address that a pairing line or ``HOST:PORT`` on loopback names.

    Raises:
        LinkError: it is neither, or an address elsewhere without a pairing line.

    Example:
        >>> parse_address("127.0.0.1:7310")
        Address(host='127.0.0.1', port=7310, pin=None)
    """
    text = text.strip()
    paired = text.startswith(f"{SCHEME}://")
    place, _, fragment = text.removeprefix(f"{SCHEME}://").partition("#")
    host, port = _split_place(place, paired)
    if not paired:
        if fragment:
            raise LinkError(f"invalid address: it has a secret, but does not begin with {SCHEME}://; {HOW}")
        if not is_loopback(host):
            raise LinkError(
                f"{host} is another machine: give the whole pairing line that its `speechzip listen` prints, "
                f"{pairing_line(host, port, None).join((f'{SCHEME}://', '#...'))}"
            )
        return Address(host, port, None)
    try:
        code = base64.b64decode(fragment.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise LinkError(f"invalid address: its secret cannot be read ({error}); {HOW}") from error
    if len(code) != FINGERPRINT_BYTES + SECRET_BYTES:
        raise LinkError(f"invalid address: its secret is cut short; {HOW}")
    return Address(host, port, Pin(code[:FINGERPRINT_BYTES], code[FINGERPRINT_BYTES:]))


def read_pairing_file(path: Path) -> str:
    """Return the line in a file.

    Raises:
        LinkError: the file cannot be read or is too long for one.
    """
    try:
        with path.open("rb") as file:
            return _line(file.read(MAX_LINE_BYTES + 1), str(path))
    except OSError as error:
        raise LinkError(f"the pairing line cannot be read from {path}: {error.strerror or error}") from error


def read_pairing_line(descriptor: int) -> str:
    """Return the first line from a descriptor, such as standard input's, and read no byte behind it.

    Raises:
        LinkError: there is none, or it is too long.
    """
    line = bytearray()
    while len(line) <= MAX_LINE_BYTES and not line.endswith(b"\n"):
        try:
            byte = os.read(descriptor, 1)
        except OSError as error:
            raise LinkError(f"the pairing line cannot be read from standard input: {error.strerror}") from error
        if not byte:
            break
        line += byte
    return _line(bytes(line), "standard input")


def write_pairing_file(path: Path, line: str, force: bool) -> None:
    """Write a pairing line to a file that only the user can read (mode 0600), as `atomic_file` does.

    Raises:
        OutputError: it cannot be written, or something else than an earlier pairing line is there and `force` is not
            given.
    """
    if path.exists() and not force and not _is_pairing_file(path):
        raise OutputError(f"{path} exists and holds no pairing line", remedies=("force",))
    with atomic_file(path, force=True, mode=0o600) as file:
        file.write(f"{line}\n".encode())


def _is_pairing_file(path: Path) -> bool:
    try:
        parse_address(read_pairing_file(path))
    except LinkError:
        return False
    return True


def _line(code: bytes, source: str) -> str:
    line = code.decode("utf-8", "replace").strip()
    if not line or len(code) > MAX_LINE_BYTES or "\n" in line:
        raise LinkError(f"there is no pairing line in {source}: one line is wanted, as `speechzip listen` prints it")
    return line


def _split_place(place: str, paired: bool) -> tuple[str, int]:
    """Return host and port.

    An IPv6 address belongs into brackets, since its last part looks like a port. Without brackets, the reading
    that is on this machine is taken if there is only one; otherwise the error shows the right spellings.
    """
    if place.startswith("["):
        host, bracket, rest = place[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")) or _ipv6(host) is None:
            raise LinkError(f"invalid address: brackets are for IPv6 addresses, as in [::1]:{DEFAULT_PORT}; {HOW}")
        return host, _port(rest.removeprefix(":"))
    if place.count(":") < 2:
        host, _, port = place.partition(":")
        if not re.fullmatch(r"[^\s/?@\[\]%\\]+", host):
            raise LinkError(f"invalid address: {place!r} names no host; {HOW}")
        return host.lower(), _port(port)
    host, _, port = place.rpartition(":")
    readings = [(place, DEFAULT_PORT)] if _ipv6(place) else []
    if _ipv6(host) and PORT.fullmatch(port) and 0 < int(port) <= MAX_PORT:
        readings.append((host, int(port)))
    here = [reading for reading in readings if is_loopback(reading[0])]
    if len(here) == 1 and not paired:
        return here[0]
    if not readings:
        raise LinkError(f"invalid address: {place!r} is not an IPv6 address, and has too many colons for a name; {HOW}")
    spellings = " or ".join(pairing_line(*reading, None) for reading in readings)
    raise LinkError(f"invalid address: an IPv6 address needs brackets; write {spellings}")


def _ipv6(host: str) -> ipaddress.IPv6Address | None:
    try:
        return ipaddress.IPv6Address(host)
    except ValueError:
        return None


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if not PORT.fullmatch(text) or not 0 < int(text) <= MAX_PORT:
        raise LinkError(f"invalid address: {text!r} is not a port from 1 to {MAX_PORT}; {HOW}")
    return int(text)
