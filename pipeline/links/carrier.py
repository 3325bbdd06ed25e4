"""The interface of a carrier of packets: a modem, a radio or a messenger.

    carrier = open_carrier("hf:datac4", {"output": Path("burst.wav")})
    for state in carrier.send(packets):          # close the iterator to stop early
        print(state.phase, state.packet)
    for received in carrier.receive():
        ...                                      # None: nothing arrived for a while

A carrier knows nothing about payloads. Its counterpart in live conversations is `Link` in `pipeline/live/wire/link.py`,
one end of one connection without sockets: it takes and returns bytes, a carrier moves them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from inspect import Parameter, signature
from typing import Any, Literal, Protocol, cast

from ..errors import InputError, LinkError

GROUP = "speechzip.links"
"""Entry points of this group make carriers: name -> a callable that takes an address and options as keywords."""

TICK_S = 0.5
"""`Carrier.receive` yields at least this often, so that its caller can let messages expire."""

Phase = Literal["waiting", "sending", "sent", "acknowledged", "failed"]
"""Waiting for the channel, being sent, sent, acknowledged, given up."""


@dataclass(frozen=True, slots=True)
class SendState:
    """One step of sending."""

    phase: Phase
    """The state that the packet has now."""
    packet: int | None = None
    """Index of the packet; None for the link as a whole."""
    detail: str = ""
    """Details for the user, such as why it waits."""


@dataclass(frozen=True, slots=True)
class Received:
    """A packet from outside; its content has not been checked."""

    packet: bytes
    """The packet."""
    sender: str = ""
    """Address of the sender as the link names it; empty if the link has no addresses. It proves nothing by itself."""
    detail: str = ""
    """Details about its reception, such as the signal-to-noise ratio."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice for a waiting user, such as our own address."""

    text: str
    """The text, on one line."""


class Carrier(Protocol):
    """Moves packets over one link. The constructor opens nothing, so a plan needs neither library nor device."""

    @property
    def packet_bytes(self) -> int:
        """Size of the longest packet, in bytes."""
        ...

    @property
    def peer(self) -> str:
        """Address of the receiver; empty for everybody."""
        ...

    @property
    def acknowledges(self) -> bool:
        """Whether the receiver acknowledges packets."""
        ...

    def airtime_s(self, size: int) -> float | None:
        """Return how long a packet of `size` bytes is on the air, in seconds; None if the network decides."""
        ...

    def send(self, packets: Sequence[bytes], transcript: str = "") -> Iterator[SendState]:
        """Send packets in order and yield each step.

        Args:
            packets: of at most `packet_bytes` bytes each.
            transcript: the words in them, for links that can show words to people without speechzip.

        Raises:
            LinkError: the link or the peer cannot be reached, or a library is missing. The message says what to do.
            DeviceError: a sound device or a serial port is missing, busy or forbidden.
        """
        ...

    def receive(self) -> Iterator[Received | Notice | None]:
        """Yield packets and notices as they arrive, and None after each `TICK_S` without one. Ends with a recording.

        Raises:
            LinkError, DeviceError: as `send`.
        """
        ...


def open_carrier(over: str, options: Mapping[str, object]) -> Carrier:
    """Return the carrier for an address such as ``hf:datac4``.

    Args:
        over: name of the link and, behind a colon, what it connects to.
        options: name -> value of the options that were given.

    Raises:
        InputError: there is no such link, or it has no such option.
    """
    name, _, address = over.partition(":")
    entry = next((entry for entry in _entries() if entry.name == name), None)
    if entry is None:
        raise InputError(f"no link is called {name!r}; known are {', '.join(carrier_names())}")
    make = cast("Callable[..., Carrier]", entry.load())
    parameters = [
        parameter for parameter in signature(make).parameters.values() if parameter.kind is Parameter.KEYWORD_ONLY
    ]
    known = [parameter.name for parameter in parameters]
    if unknown := [option for option in options if option not in known]:
        raise InputError(
            f"the link {name} has no option {_spoken(unknown)}; it has {_spoken(known) if known else 'none'}"
        )
    missing = [
        parameter.name
        for parameter in parameters
        if parameter.default is Parameter.empty and parameter.name not in options
    ]
    if missing:
        raise InputError(f"the link {name} needs the option {_spoken(missing)}")
    return make(address, **options)


def carrier_names() -> list[str]:
    """Return the names of the links that are installed."""
    return sorted({entry.name for entry in _entries()})


def load_library(link: str, module: str, extra: str) -> Any:
    """Return a module of a link's library, which has no type hints.

    Raises:
        LinkError: it is not installed. The message names the extra.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise missing_library(link, module.partition(".")[0].lower(), extra) from error


def missing_library(link: str, module: str, extra: str) -> LinkError:
    """Return the error for a link that needs `module`, which is not installed."""
    return LinkError(f"the link {link} needs {module}, which is not installed; run: pip install 'speechzip[{extra}]'")


def _entries() -> list[EntryPoint]:
    return list(entry_points(group=GROUP))


def _spoken(options: Sequence[str]) -> str:
    return ", ".join("--" + option.replace("_", "-") for option in options)
