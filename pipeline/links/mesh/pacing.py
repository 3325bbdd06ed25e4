"""When the next packet may be sent, by the channel's reported use and the duty cycle. There is no clock in here."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ..packets.airtime import Lora

HOUR_S = 3600.0
MAX_CHANNEL_USE = 25.0
"""We wait while the channel is busier than this percentage of the time: the firmware's "polite" limit (airtime.h)."""

TRIES = 3
"""How often the firmware sends a packet that nobody acknowledges (NUM_RELIABLE_RETX)."""
REPORT_S = 90.0
"""The radio tells its use of the air once a minute: what has gone out since is ours to count."""

OVERHEAD, DIRECT_OVERHEAD = 24, 36
"""Bytes on the air besides the packet: header 16, framing 6, bitfield 2; 12 of encryption for a direct message."""
PREAMBLE_SYMBOLS = 16
PRESETS = {  # MeshRadio.h, modemPresetToParams: spreading factor, bandwidth, coding rate 4/(4 + n)
    "LONG_FAST": (11, 250_000, 1),
    "LONG_SLOW": (12, 125_000, 4),
    "VERY_LONG_SLOW": (12, 62_500, 4),
    "MEDIUM_SLOW": (10, 250_000, 1),
    "MEDIUM_FAST": (9, 250_000, 1),
    "SHORT_SLOW": (8, 250_000, 1),
    "SHORT_FAST": (7, 250_000, 1),
    "LONG_MODERATE": (11, 125_000, 4),
    "SHORT_TURBO": (7, 500_000, 1),
    "LONG_TURBO": (11, 500_000, 4),
    "LITE_FAST": (9, 125_000, 1),
    "LITE_SLOW": (10, 125_000, 1),
    "NARROW_FAST": (7, 62_500, 2),
    "NARROW_SLOW": (8, 62_500, 2),
}
SLOW_PRESET = "LONG_SLOW"
"""Stands for a preset that is not known here: too slow is safe."""
BANDWIDTHS_HZ = {31: 31_250, 62: 62_500, 200: 203_125, 400: 406_250, 800: 812_500, 1600: 1_625_000}
"""Bandwidths that the radio's settings name by a rounded number of kHz; all others are exact."""
DUTY_CYCLES = {
    "EU_433": 0.1,
    "EU_868": 0.1,
    "EU_N_868": 0.1,
    "EU_866": 0.025,
    "EU_874": 0.01,
    "EU_917": 0.01,
    "UA_433": 0.1,
    "UA_868": 0.01,
}
"""Region -> share of an hour that one may send, in the firmware (RadioInterface.cpp), or in ERC 70-03 where that has
none yet; 1 elsewhere."""


def preset_modem(preset: str, overhead: int = OVERHEAD) -> Lora:
    """Return the modulation of a preset; of a slow one where the preset is not known here."""
    spreading_factor, bandwidth_hz, coding_rate = PRESETS.get(preset, PRESETS[SLOW_PRESET])
    return Lora(spreading_factor, bandwidth_hz, coding_rate, PREAMBLE_SYMBOLS, overhead)


def custom_modem(spreading_factor: int, bandwidth: int, coding_rate: int, overhead: int = OVERHEAD) -> Lora:
    """Return a modulation that is set by hand.

    Args:
        spreading_factor: 7 to 12; the slowest where it is none.
        bandwidth: in kHz as the radio's settings have it.
        coding_rate: 5 to 8, for 4/5 to 4/8.
        overhead: bytes on the air besides the packet.
    """
    bandwidth_hz = BANDWIDTHS_HZ.get(bandwidth, 1000 * bandwidth) or 125_000
    return Lora(
        spreading_factor if 7 <= spreading_factor <= 12 else 12,
        bandwidth_hz,
        coding_rate - 4 if 5 <= coding_rate <= 8 else 4,
        PREAMBLE_SYMBOLS,
        overhead,
    )


@dataclass(slots=True)
class Pacer:
    """Keeps the air time of each hour within a duty cycle, even if the firmware sends each packet `TRIES` times."""

    duty_cycle: float
    """Share of an hour in which we may send, (0, 1]."""
    _sent: deque[tuple[float, float]] = field(default_factory=deque[tuple[float, float]])

    def wait_s(self, airtime_s: float, now_s: float, reported_percent: float | None) -> float:
        """Return how long a packet must wait; 0 if it may go now.

        Args:
            airtime_s: of the packet, sent once.
            now_s: seconds on a clock that only goes forward.
            reported_percent: share of the last hour that the radio has sent, in percent; None if it tells nothing.
        """
        allowed_s = self.duty_cycle * HOUR_S - TRIES * airtime_s
        while self._sent and self._sent[0][0] <= now_s - HOUR_S:
            self._sent.popleft()
        if reported_percent is not None:
            unreported_s = sum(seconds for began_s, seconds in self._sent if began_s > now_s - REPORT_S)
            if reported_percent / 100 * HOUR_S + TRIES * unreported_s > allowed_s:
                return REPORT_S  # by then it tells more
        times = TRIES if reported_percent is None else 1  # each packet has gone out once at least
        used_s = times * sum(seconds for _, seconds in self._sent)
        if used_s <= allowed_s:
            return 0.0
        for began_s, seconds in self._sent:
            used_s -= times * seconds
            if used_s <= allowed_s:
                return began_s + HOUR_S - now_s
        return HOUR_S

    def sent(self, airtime_s: float, now_s: float) -> None:
        """Record a packet that is sent."""
        self._sent.append((now_s, airtime_s))
