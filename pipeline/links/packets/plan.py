"""Packets, bytes and air time of a payload over each link, before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import InputError
from .airtime import Lora, duty_cycle_s
from .packing import pack
from .presets import PRESETS, preset


@dataclass(frozen=True, slots=True)
class Plan:
    """A payload over one link."""

    link: str
    """Name of the link."""
    packet_bytes: tuple[int, ...]
    """Length of each packet; empty if the payload does not fit this link."""
    airtime_s: float | None
    """Seconds on the air of all packets; None if the network decides, or if the payload does not fit."""
    duty_cycle_1_s: float | None
    """Seconds from the start of the first packet to the end of the last at a duty cycle of 1 %; only for LoRa."""
    duty_cycle_10_s: float | None
    """The same at a duty cycle of 10 %."""
    obstacle: str = ""
    """Why the payload does not fit, and the remedy."""


def plan(data: bytes, links: Sequence[str] = tuple(PRESETS), parity: int = 0) -> list[Plan]:
    """Return a plan for the payload `data` over each of `links`.

    Raises:
        PayloadError: `data` is not a payload.
        InputError: there is no such link.
    """
    sizes = {link: preset(link).size for link in links}
    packed = {size: _packed(data, size, parity) for size in set(sizes.values())}
    return [_plan(link, packed[size]) for link, size in sizes.items()]


def _packed(data: bytes, size: int, parity: int) -> tuple[int, ...] | str:
    """Return the length of each packet, or why the payload does not fit."""
    try:
        return tuple(map(len, pack(data, size, parity).packets))
    except InputError as error:
        return str(error)


def _plan(link: str, packed: tuple[int, ...] | str) -> Plan:
    if isinstance(packed, str):
        return Plan(link, (), None, None, None, packed)
    modem = preset(link).modem
    if modem is None:
        return Plan(link, packed, None, None, None)
    seconds = [modem.seconds(size) for size in packed]
    if not isinstance(modem, Lora):
        return Plan(link, packed, sum(seconds), None, None)
    return Plan(link, packed, sum(seconds), duty_cycle_s(seconds, 0.01), duty_cycle_s(seconds, 0.1))
