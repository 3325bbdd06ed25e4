"""The time of packets on the air, and the time to send them within a duty cycle.

LoRa by Semtech's formula (AN1200.13, LoRa modem designer's guide; also SX1276 data sheet, 4.1.1.7):

    symbol    Ts = 2^SF / BW
    preamble  (n + 4.25) Ts
    payload   8 + max(0, ceil((8 PL - 4 SF + 28 + 16 CRC - 20 IH) / (4 (SF - 2 DE))) (CR + 4)) symbols

FreeDV's data modes send bursts of a fixed length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LOW_RATE_SYMBOL_S = 0.016
"""Symbols longer than this need the low data rate optimization (SX1276 data sheet, 4.1.1.6)."""


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRa modulation, and the bytes that a protocol adds to each packet."""

    spreading_factor: int
    """Bits of a symbol, 7 to 12."""
    bandwidth_hz: int
    """Bandwidth, such as 125 000."""
    coding_rate: int
    """1 to 4, for the code rates 4/5 to 4/8."""
    preamble_symbols: int
    """Programmed length of the preamble."""
    overhead: int
    """Bytes on the air besides the packet."""

    def seconds(self, size: int) -> float:
        """Return the time of a packet of `size` bytes on the air, with explicit header and CRC.

        Example:
            >>> round(Lora(9, 125_000, 1, 8, overhead=0).seconds(13), 6)  # published beside AN1200.13's formula
            0.164864
        """
        symbol_s = (1 << self.spreading_factor) / self.bandwidth_hz
        slow = symbol_s > LOW_RATE_SYMBOL_S
        bits = 8 * (size + self.overhead) - 4 * self.spreading_factor + 28 + 16
        blocks = max(0, math.ceil(bits / (4 * (self.spreading_factor - 2 * slow))))
        return (self.preamble_symbols + 4.25 + 8 + blocks * (self.coding_rate + 4)) * symbol_s


@dataclass(frozen=True, slots=True)
class Burst:
    """A modem whose packets all take the same time."""

    burst_s: float
    """Preamble, packet and postamble, in seconds."""

    def seconds(self, size: int) -> float:
        """Return the time of a packet on the air; it does not depend on the size."""
        return self.burst_s


@dataclass(frozen=True, slots=True)
class Bitrate:
    """A modem of a fixed rate."""

    bitrate_bps: float
    """Bits a second on the air."""
    overhead: int
    """Bytes on the air besides the packet."""

    def seconds(self, size: int) -> float:
        """Return the time of a packet of `size` bytes on the air, without the transmitter's delay and bit stuffing."""
        return 8 * (size + self.overhead) / self.bitrate_bps


def duty_cycle_s(packets_s: Sequence[float], duty_cycle: float) -> float:
    """Return the time from the start of the first packet to the end of the last one, silences included.

    Args:
        packets_s: seconds on the air of each packet.
        duty_cycle: share of the time that may be used, (0, 1]: EU 868 MHz has sub-bands of 0.01 and 0.1 (ERC 70-03).
    """
    return sum(packets_s[:-1]) / duty_cycle + packets_s[-1]
