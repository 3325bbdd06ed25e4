"""When the next packet may be sent, by the channel's reported use and the duty cycle. There is no clock in here."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ..packets.airtime import Lora

HOUR_S = 3600.0
MAX_CHANNEL_USE = 25.0
"""We wait while the channel is busier than this percentage of the time: the firmware's "polite" limit (airtime.h)."""

OVERHEAD = 24
"""Bytes on the air besides the packet: header 16, framing 6, bitfield 2."""
PREAMBLE_SYMBOLS = 16
PRESETS = {  # config.proto, LoRaConfig.ModemPreset: spreading factor, bandwidth, coding rate 4/(4 + n)
    "LONG_FAST": (11, 250_000, 1),
    "LONG_SLOW": (12, 125_000, 4),
    "VERY_LONG_SLOW": (12, 62_500, 4),
    "MEDIUM_SLOW": (10, 250_000, 1),
    "MEDIUM_FAST": (9, 250_000, 1),
    "SHORT_SLOW": (8, 250_000, 1),
    "SHORT_FAST": (7, 250_000, 1),
    "LONG_MODERATE": (11, 125_000, 4),
    "SHORT_TURBO": (7, 500_000, 1),
}
DUTY_CYCLES = {"EU_868": 0.1, "EU_433": 0.1, "UA_433": 0.1, "UA_868": 0.01}
"""Region -> share of an hour in which a radio may send (RadioInterface.cpp); 1 elsewhere."""


def modem(preset: str) -> Lora:
    """Return the modulation of a preset; that of LongFast for an unknown one."""
    spreading_factor, bandwidth_hz, coding_rate = PRESETS.get(preset, PRESETS["LONG_FAST"])
    return Lora(spreading_factor, bandwidth_hz, coding_rate, PREAMBLE_SYMBOLS, OVERHEAD)


@dataclass(slots=True)
class Pacer:
    """Counts our own air time of the last hour."""

    duty_cycle: float
    """Share of an hour in which we may send, (0, 1]."""
    _sent: deque[tuple[float, float]] = field(default_factory=deque[tuple[float, float]])

    def wait_s(self, airtime_s: float, now_s: float, reported_percent: float) -> float:
        """Return how long a packet must wait; 0 if it may be sent now.

        Args:
            airtime_s: of the packet.
            now_s: seconds on a clock that only goes forward.
            reported_percent: share of the last hour that the radio has sent, ours included, in percent.
        """
        allowed_s = self.duty_cycle * HOUR_S
        if reported_percent / 100 * HOUR_S + airtime_s > allowed_s:
            return 60.0  # the radio reports once a minute at most
        while self._sent and self._sent[0][0] <= now_s - HOUR_S:
            self._sent.popleft()
        used_s = sum(seconds for _, seconds in self._sent)
        for began_s, seconds in self._sent:
            if used_s + airtime_s <= allowed_s:
                return 0.0
            used_s -= seconds
            if used_s + airtime_s <= allowed_s:
                return began_s + HOUR_S - now_s
        return 0.0

    def sent(self, airtime_s: float, now_s: float) -> None:
        """Record a packet that is sent."""
        self._sent.append((now_s, airtime_s))
