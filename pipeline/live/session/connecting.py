"""The two ways to connect: dial, or wait for calls."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

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
            engines.hello(address.pin.secret if address.pin else b"", _software()),
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
        hello = engines.hello(pin.secret if pin else b"", _software())
        context = identity.context if identity else None
        listener = Listener(host, port, hello, on_event, observe, context, limits=limits)
        line = pairing_line(reachable_host(host), listener.bind(), pin)
        if pairing_file is not None:
            write_pairing_file(pairing_file, line, force)
        observe(Pairing("" if pairing_file else line, secret=identity is not None, path=str(pairing_file or "")))
        return listener

    return connect


def _software() -> str:
    return f"speechzip {version('speechzip')}"
