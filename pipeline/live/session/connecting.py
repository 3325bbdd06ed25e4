"""The two ways to connect: dial, or wait for calls."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from typing import Protocol, cast

from ...errors import LinkError
from ..limits import LIMITS, Limits
from ..reports import Observer, Pairing
from ..wire.caller import Caller
from ..wire.listener import Listener
from ..wire.pairing import pairing_line, write_pairing_file
from ..wire.security import Address, is_loopback, new_identity, reachable_host
from ..wire.transport import Endpoint, OnEvent
from .engines import LiveEngines

Connect = Callable[[LiveEngines, OnEvent, Observer], Endpoint]
"""Makes one end of a link, from the engines and the callbacks for events and reports."""

GROUP = "speechzip.calls"
"""Entry points of this group carry conversations over other links than TCP: scheme of an address -> `CallLink`."""


class CallLink(Protocol):
    """A module that makes and accepts calls over some link."""

    def dial(self, address: str, connect_timeout_s: float | None, config: Path | None) -> Connect:
        """Return the `Connect` that calls `address`, such as ``rns:HASH``; see `dial`."""
        ...

    def wait_for_calls(self, config: Path | None) -> Connect:
        """Return the `Connect` that accepts calls; see `wait_for_calls`."""
        ...


def link_of(address: str) -> str | None:
    """Return the link that an address names in front of a colon; None for HOST:PORT and pairing lines."""
    scheme, _, rest = address.partition(":")
    return scheme if rest and not rest.isdecimal() and scheme in {entry.name for entry in _call_links()} else None


def call_link(name: str) -> CallLink:
    """Return the link of that name.

    Raises:
        LinkError: there is none.
    """
    for entry in _call_links():
        if entry.name == name:
            return cast("CallLink", entry.load())
    known = ", ".join(entry.name for entry in _call_links())
    raise LinkError(f"no link for calls is named {name!r}; installed: {known}")


def dial(address: Address, connect_timeout_s: float | None = None, limits: Limits = LIMITS) -> Connect:
    """Return a `Connect` that calls a listener.

    Args:
        address: of the listener.
        connect_timeout_s: time limit for the first connection; None for none.
        limits: see there.
    """

    def connect(engines: LiveEngines, on_event: OnEvent, observe: Observer) -> Endpoint:
        return Caller(
            address.host,
            address.port,
            engines.hello(address.pin.secret if address.pin else b"", software_name()),
            on_event,
            observe,
            address.pin,
            connect_timeout_s=connect_timeout_s,
            limits=limits,
        )

    return connect


def wait_for_calls(
    host: str,
    port: int,
    secure: bool,
    pairing_file: Path | None = None,
    force: bool = False,
    limits: Limits = LIMITS,
) -> Connect:
    """Return a `Connect` that listens on an address, with TLS and a secret unless it is loopback and `secure` is False.

    Args:
        host: the address.
        port: 0 for any free one.
        secure: whether to ask for a secret on loopback as well.
        pairing_file: where to write the pairing line, readable by nobody else; it is then not shown.
        force: whether `pairing_file` may overwrite a file that holds no earlier pairing line.
        limits: see there.
    """

    def connect(engines: LiveEngines, on_event: OnEvent, observe: Observer) -> Endpoint:
        identity = new_identity() if secure or not is_loopback(host) else None
        pin = identity.pin if identity else None
        hello = engines.hello(pin.secret if pin else b"", software_name())
        context = identity.context if identity else None
        listener = Listener(host, port, hello, on_event, observe, context, limits=limits)
        line = pairing_line(reachable_host(host), listener.bind(), pin)
        if pairing_file is not None:
            write_pairing_file(pairing_file, line, force)
        observe(Pairing("" if pairing_file else line, secret=identity is not None, path=str(pairing_file or "")))
        return listener

    return connect


def software_name() -> str:
    """Return the description of this end for peers."""
    return f"speechzip {version('speechzip')}"


def _call_links() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
